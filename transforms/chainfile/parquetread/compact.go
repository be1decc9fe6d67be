package parquetread

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// compact walks over Thrift's compact form without keeping anything of it. The library's decoder
// would make a list as long as its head claims.
type compact struct {
	thrift.BytesReader
	size    int // bytes
	structs int // seen within lists
	entries int // of other lists
}

func newCompact(b []byte) *compact {
	return &compact{BytesReader: (&thrift.CompactProtocol{}).NewReaderFromBytes(b), size: len(b)}
}

// withCode gives an error of the walk its code. It returns errShort if the bytes end within a value.
func withCode(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return deadletter.Damaged.Wrap(err)
}

// fields calls visit for each field of a struct; visit reads the value.
func (c *compact) fields(visit func(id int16, kind thrift.Type) error) error {
	id := int16(0)
	for {
		f, err := c.ReadField()
		if err != nil || f == (thrift.Field{}) { // the last
			return err
		}
		if f.Delta {
			f.ID += id
		}
		id = f.ID
		if err := visit(id, f.Type); err != nil {
			return err
		}
	}
}

// skip passes over a value of a kind.
func (c *compact) skip(kind thrift.Type, depth int) (err error) {
	if depth > maxDepth {
		return tooLarge("its metadata has more than %d levels", maxDepth)
	}
	switch kind {
	case thrift.TRUE, thrift.FALSE:
	case thrift.I8:
		_, err = c.ReadInt8()
	case thrift.I16, thrift.I32, thrift.I64:
		_, err = c.ReadInt64()
	case thrift.DOUBLE:
		_, err = c.ReadFloat64()
	case thrift.BINARY:
		_, err = c.ReadBytes()
	case thrift.LIST, thrift.SET:
		l, err := c.ReadList()
		if err != nil {
			return err
		}
		return c.items(l.Size, depth, l.Type)
	case thrift.MAP:
		m, err := c.ReadMap()
		if err != nil {
			return err
		}
		return c.items(m.Size, depth, m.Key, m.Value)
	case thrift.STRUCT:
		return c.fields(func(_ int16, kind thrift.Type) error { return c.skip(kind, depth+1) })
	default:
		return damaged("unknown type %d in its metadata", kind)
	}
	return err
}

// items passes over n entries of a list, or n pairs of a map.
func (c *compact) items(n int32, depth int, kinds ...thrift.Type) error {
	if int(n) > c.size-c.BytesRead() { // an entry takes a byte at least
		return errShort
	}
	if kinds[0] == thrift.STRUCT {
		c.structs += int(n)
	} else {
		c.entries += int(n)
	}
	if c.structs > maxStructs || c.entries > maxNames {
		return tooLarge("its metadata lists more than %d columns of row groups", maxStructs)
	}
	for range n {
		for _, kind := range kinds {
			if kind == thrift.TRUE || kind == thrift.FALSE {
				kind = thrift.I8 // unlike in a field, a boolean takes a byte
			}
			if err := c.skip(kind, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}
