package parquetread

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// decoder returns the values of a page, one after another. A value is valid until the
// next one is returned. Callers must not ask for more values than there are.
type decoder interface {
	next() (parquet.Value, error)
}

// plainValues returns a decoder of n values that lie one after another.
func (c *Chunk) plainValues(b []byte, n int64) (decoder, error) {
	switch size := c.column.size(); {
	case size > 0:
		if int64(len(b)) < n*int64(size) {
			return nil, damaged("a page's values are cut off")
		}
		return &plainFixed{kind: c.column.Physical, b: b, size: size}, nil
	case c.column.Physical == format.Boolean:
		if int64(len(b)) < (n+7)/8 {
			return nil, damaged("a page's values are cut off")
		}
		return &plainBooleans{b: b}, nil
	}
	return &plainTexts{b}, nil
}

type plainFixed struct {
	kind format.Type
	b    []byte
	size int
}

func (d *plainFixed) next() (parquet.Value, error) {
	v := fixedValue(d.kind, d.b[:d.size])
	d.b = d.b[d.size:]
	return v, nil
}

type plainBooleans struct {
	b []byte
	i int
}

func (d *plainBooleans) next() (parquet.Value, error) {
	v := parquet.BooleanValue(d.b[d.i/8]>>(d.i%8)&1 == 1)
	d.i++
	return v, nil
}

// plainTexts are byte arrays, each after its length.
type plainTexts struct{ b []byte }

func (d *plainTexts) next() (parquet.Value, error) {
	if len(d.b) < 4 || int64(binary.LittleEndian.Uint32(d.b)) > int64(len(d.b)-4) {
		return parquet.Value{}, damaged("a text would be longer than its page")
	}
	n := 4 + int(binary.LittleEndian.Uint32(d.b))
	v := parquet.ByteArrayValue(d.b[4:n])
	d.b = d.b[n:]
	return v, nil
}

type runBooleans struct{ runs }

func (d *runBooleans) next() (parquet.Value, error) {
	x, err := d.runs.next()
	return parquet.BooleanValue(x == 1), err
}

type deltaNumbers struct {
	*delta
	kind format.Type
}

func (d *deltaNumbers) next() (parquet.Value, error) {
	x, err := d.delta.next()
	if d.kind == format.Int32 {
		return parquet.Int32Value(int32(x)), err
	}
	return parquet.Int64Value(x), err
}

// splitValues are n values whose first bytes lie together, then their second bytes, …
type splitValues struct {
	kind  format.Type
	b     []byte
	n, i  int
	value []byte
}

func (d *splitValues) next() (parquet.Value, error) {
	for k := range d.value {
		d.value[k] = d.b[k*d.n+d.i]
	}
	d.i++
	return fixedValue(d.kind, d.value), nil
}

// deltaLengths are byte arrays whose lengths lie before them.
type deltaLengths struct {
	lengths *delta
	b       []byte
}

func newDeltaLengths(b []byte, n int64) (*deltaLengths, error) {
	lengths, err := newDelta(b, n)
	if err != nil {
		return nil, err
	}
	rest, err := lengths.rest()
	return &deltaLengths{lengths, rest}, err
}

func (d *deltaLengths) next() (parquet.Value, error) {
	b, err := d.cut()
	return parquet.ByteArrayValue(b), err
}

// cut cuts the next byte array off.
func (d *deltaLengths) cut() ([]byte, error) {
	n, err := d.lengths.next()
	if n = int64(int32(n)); err == nil && (n < 0 || n > int64(len(d.b))) {
		err = damaged("a text of %d bytes in a page that has %d", n, len(d.b))
	}
	if err != nil {
		return nil, err
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b, nil
}

// deltaTexts are byte arrays, each stored without the prefix that it shares with the one before.
type deltaTexts struct {
	chunk    *Chunk
	prefixes *delta
	tails    *deltaLengths
	value    []byte
	total    int64 // bytes of the values so far
}

func newDeltaTexts(c *Chunk, b []byte, n int64) (decoder, error) {
	prefixes, err := newDelta(b, n)
	if err != nil {
		return nil, err
	}
	if b, err = prefixes.rest(); err != nil {
		return nil, err
	}
	tails, err := newDeltaLengths(b, n)
	return &deltaTexts{chunk: c, prefixes: prefixes, tails: tails}, err
}

func (d *deltaTexts) next() (parquet.Value, error) {
	prefix, err := d.prefixes.next()
	if prefix = int64(int32(prefix)); err == nil && (prefix < 0 || prefix > int64(len(d.value))) {
		err = damaged("a text begins with %d bytes of one that has only %d", prefix, len(d.value))
	}
	if err != nil {
		return parquet.Value{}, err
	}
	tail, err := d.tails.cut()
	if err != nil {
		return parquet.Value{}, err
	}
	d.value = append(d.value[:prefix], tail...)
	if d.total += int64(len(d.value)); d.total > maxPageBytes {
		return parquet.Value{}, tooLarge("a page of more than %d bytes", maxPageBytes)
	}
	if d.chunk.column.Physical == format.ByteArray {
		return parquet.ByteArrayValue(d.value), nil
	}
	if len(d.value) != d.chunk.column.Length {
		return parquet.Value{}, damaged("a value of %d bytes, its type has %d", len(d.value), d.chunk.column.Length)
	}
	return fixedValue(format.FixedLenByteArray, d.value), nil
}
