package parquetread

import "encoding/binary"

// Types of Thrift's compact protocol,
// https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
const (
	kindStop   = 0
	kindTrue   = 1
	kindFalse  = 2
	kindByte   = 3
	kindI64    = 6
	kindDouble = 7
	kindBinary = 8
	kindList   = 9
	kindSet    = 10
	kindMap    = 11
	kindStruct = 12
)

// compact walks over Thrift's compact form without keeping anything of it.
type compact struct {
	b       []byte
	structs int // seen within lists
	entries int // of other lists
}

func (c *compact) byte() (byte, error) {
	if len(c.b) == 0 {
		return 0, errShort
	}
	x := c.b[0]
	c.b = c.b[1:]
	return x, nil
}

func (c *compact) uvarint() (uint64, error) {
	x, n := binary.Uvarint(c.b)
	switch {
	case n == 0:
		return 0, errShort
	case n < 0:
		return 0, damaged("a number of more than 64 bits")
	}
	c.b = c.b[n:]
	return x, nil
}

// varint reads a number of 16, 32 or 64 bits.
func (c *compact) varint() (int64, error) {
	x, err := c.uvarint()
	return int64(x>>1) ^ -int64(x&1), err
}

func (c *compact) discard(n uint64) error {
	if n > uint64(len(c.b)) {
		return errShort
	}
	c.b = c.b[n:]
	return nil
}

// fields calls visit for each field of a struct; visit reads the value.
func (c *compact) fields(visit func(id int16, kind byte) error) error {
	id := int16(0)
	for {
		head, err := c.byte()
		if err != nil {
			return err
		}
		if head == kindStop {
			return nil
		}
		if delta := head >> 4; delta != 0 {
			id += int16(delta)
		} else {
			long, err := c.varint()
			if err != nil {
				return err
			}
			id = int16(long)
		}
		if err := visit(id, head&15); err != nil {
			return err
		}
	}
}

// skip passes over a value of a kind.
func (c *compact) skip(kind byte, depth int) error {
	if depth > maxDepth {
		return tooLarge("its metadata has more than %d levels", maxDepth)
	}
	switch kind {
	case kindTrue, kindFalse:
		return nil
	case kindByte:
		return c.discard(1)
	case 4, 5, kindI64:
		_, err := c.uvarint()
		return err
	case kindDouble:
		return c.discard(8)
	case kindBinary:
		n, err := c.uvarint()
		if err != nil {
			return err
		}
		return c.discard(n)
	case kindList, kindSet:
		return c.list(depth)
	case kindMap:
		return c.pairs(depth)
	case kindStruct:
		return c.fields(func(_ int16, kind byte) error { return c.skip(kind, depth+1) })
	}
	return damaged("unknown type %d in its metadata", kind)
}

func (c *compact) list(depth int) error {
	head, err := c.byte()
	if err != nil {
		return err
	}
	n, kind := uint64(head>>4), head&15
	if n == 15 {
		if n, err = c.uvarint(); err != nil {
			return err
		}
	}
	if n > uint64(len(c.b)) { // an entry takes a byte at least
		return errShort
	}
	if kind == kindStruct {
		c.structs += int(n)
	} else {
		c.entries += int(n)
	}
	if c.structs > maxStructs || c.entries > maxNames {
		return tooLarge("its metadata lists more than %d columns of row groups", maxStructs)
	}
	for range n {
		if err := c.item(kind, depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *compact) pairs(depth int) error {
	n, err := c.uvarint()
	if err != nil || n == 0 {
		return err
	}
	kinds, err := c.byte()
	if err != nil {
		return err
	}
	if n > uint64(len(c.b)) {
		return errShort
	}
	for range n {
		if err := c.item(kinds>>4, depth); err != nil {
			return err
		}
		if err := c.item(kinds&15, depth); err != nil {
			return err
		}
	}
	return nil
}

// item passes over an entry of a list: unlike in a field, a boolean takes a byte.
func (c *compact) item(kind byte, depth int) error {
	if kind == kindTrue || kind == kindFalse {
		return c.discard(1)
	}
	return c.skip(kind, depth+1)
}
