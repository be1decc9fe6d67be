package parquetread

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/encoding/bytestreamsplit"
	librarydelta "github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
)

// decoded reads n values from a page of a column.
func decoded(c Column, e format.Encoding, b []byte, n int64) (values []parquet.Value, err error) {
	chunk := Chunk{column: c}
	d, err := chunk.decoder(e, b, n)
	if err != nil {
		return nil, err
	}
	for range n {
		v, err := d.next()
		if err != nil {
			return values, err
		}
		values = append(values, v.Clone())
	}
	return values, nil
}

// library has the encodings of parquet-go. It is another implementation, and makes the pages.
var library = map[format.Encoding]encoding.Encoding{
	format.Plain:                &plain.Encoding{},
	format.RLE:                  &rle.Encoding{BitWidth: 1},
	format.DeltaBinaryPacked:    &librarydelta.BinaryPackedEncoding{},
	format.DeltaLengthByteArray: &librarydelta.LengthByteArrayEncoding{},
	format.DeltaByteArray:       &librarydelta.ByteArrayEncoding{},
	format.ByteStreamSplit:      &bytestreamsplit.Encoding{},
}

func TestValuesAreThoseThatTheLibraryEncoded(t *testing.T) {
	for _, c := range []struct {
		kind      parquet.Kind
		typ       parquet.Type
		encodings []format.Encoding
		value     func(r *rand.Rand, i int) parquet.Value
	}{
		{parquet.Boolean, parquet.BooleanType, []format.Encoding{format.Plain, format.RLE}, func(r *rand.Rand, i int) parquet.Value { return parquet.BooleanValue(r.IntN(9) < i%10) }},
		{parquet.Int32, parquet.Int32Type, []format.Encoding{format.Plain, format.DeltaBinaryPacked, format.ByteStreamSplit}, func(r *rand.Rand, i int) parquet.Value { return parquet.Int32Value(int32(r.Uint32()) >> (i % 32)) }},
		{parquet.Int64, parquet.Int64Type, []format.Encoding{format.Plain, format.DeltaBinaryPacked, format.ByteStreamSplit}, func(r *rand.Rand, i int) parquet.Value { return parquet.Int64Value(int64(r.Uint64()) >> (i % 64)) }},
		{parquet.Float, parquet.FloatType, []format.Encoding{format.Plain, format.ByteStreamSplit}, func(r *rand.Rand, _ int) parquet.Value { return parquet.FloatValue(r.Float32()) }},
		{parquet.Double, parquet.DoubleType, []format.Encoding{format.Plain, format.ByteStreamSplit}, func(r *rand.Rand, _ int) parquet.Value { return parquet.DoubleValue(r.Float64()) }},
		{parquet.ByteArray, parquet.ByteArrayType, []format.Encoding{format.Plain, format.DeltaLengthByteArray, format.DeltaByteArray}, func(r *rand.Rand, i int) parquet.Value {
			return parquet.ByteArrayValue([]byte(fmt.Sprintf("%0*d", r.IntN(40), i)))
		}},
		{parquet.FixedLenByteArray, parquet.FixedLenByteArrayType(7), []format.Encoding{format.Plain, format.DeltaByteArray, format.ByteStreamSplit}, func(_ *rand.Rand, i int) parquet.Value {
			return parquet.FixedLenByteArrayValue([]byte(fmt.Sprintf("%07d", i)))
		}},
	} {
		for _, e := range c.encodings {
			for _, n := range []int{0, 1, 8, 31, 32, 33, 128, 129, 1000} {
				r := rand.New(rand.NewPCG(7, uint64(n)))
				var want []parquet.Value
				for i := range n {
					want = append(want, c.value(r, i))
				}
				buffer := c.typ.NewColumnBuffer(0, n)
				if _, err := buffer.WriteValues(want); err != nil {
					t.Fatal(err)
				}
				b, err := c.typ.Encode(nil, buffer.Page().Data(), library[e])
				if err != nil {
					t.Fatal(err)
				}
				column := Column{Physical: format.Type(c.kind), Length: 7}
				for _, padding := range []int{0, 8} { // fastparquet leaves 8 bytes after the last value
					if padding > 0 && e == format.RLE {
						continue
					}
					got, err := decoded(column, e, append(b[:len(b):len(b)], make([]byte, padding)...), int64(n))
					if err != nil || !slices.EqualFunc(got, want, parquet.Equal) {
						t.Errorf("%d of %s as %s with %d bytes of padding: error %v", n, c.kind, e, padding, err)
					}
				}
			}
		}
	}
}

// varint returns a number as it is written in runs.
func varint(x uint64) []byte { return binary.AppendUvarint(nil, x) }

func TestRuns(t *testing.T) {
	packed := func(groups int, bytes ...byte) []byte { return append(varint(uint64(groups)<<1|1), bytes...) }
	repeated := func(n int, value ...byte) []byte { return append(varint(uint64(n)<<1), value...) }
	zeros := make([]byte, 64)
	for _, c := range []struct {
		name  string
		b     []byte
		width uint
		n     int64
		want  string // an error if it begins with "!"
	}{
		{"repeated", repeated(3, 5), 4, 3, "[5 5 5]"},
		{"packed", packed(1, 0b11_10_01_00, 0b00_01_10_11), 2, 8, "[0 1 2 3 3 2 1 0]"},
		{"both", slices.Concat(repeated(2, 1), packed(1, 0b10)), 1, 5, "[1 1 0 1 0]"},
		{"padded to 256, as DuckDB does", packed(32, zeros[:32]...), 1, 3, "[0 0 0]"},
		{"repeated for 256, as DuckDB does", repeated(256, 1), 1, 3, "[1 1 1]"},
		{"empty runs before, as DuckDB 1.3.0 has them", slices.Concat(packed(0), packed(0), repeated(3, 1)), 1, 3, "[1 1 1]"},
		{"a last run without its padding", packed(2, 0b10), 1, 5, "[0 1 0 0 0]"},
		{"more runs than values", slices.Concat(repeated(3, 1), repeated(9, 1)), 1, 3, "[1 1 1]"},
		{"bytes after the last run", slices.Concat(repeated(3, 1), zeros), 1, 3, "[1 1 1]"},
		{"no bits", repeated(3), 0, 3, "[0 0 0]"},
		{"no bits and no run", nil, 0, 3, "[0 0 0]"},
		{"three bytes", repeated(1, 1, 2, 3), 20, 1, "[197121]"},
		{"no run", nil, 1, 3, "!a run is cut off"},
		{"half a run", packed(1), 1, 3, "!a run is cut off"},
		{"a run of 2 billion", repeated(1<<31-1, 1), 1, 3, "!a run of 2147483647 values, 3 are left"},
		{"a packed run of 2 billion", packed(1<<28, zeros...), 1, 3, "!a run of 2147483648 values, 3 are left"},
		{"no bits for 2 billion", repeated(1 << 31), 0, 3, "!a run of 2147483648 values, 3 are left"},
		{"a run of 2^64", append(varint(1<<64-2), 1), 1, 3, "!a run of 9223372036854775807 values, 3 are left"},
		{"an endless number", slices.Repeat([]byte{0xff}, 12), 1, 3, "!a run is cut off"},
		{"33 bits", repeated(1, 1, 1, 1, 1, 1), 33, 1, "!a page's width of indices is wrong"},
	} {
		r, err := newRuns(c.b, c.width, c.n)
		got := []uint32{}
		for i := int64(0); err == nil && i < c.n; i++ {
			var x uint32
			x, err = r.next()
			got = append(got, x)
		}
		if said := fmt.Sprint(got); err == nil && said != c.want || err != nil && "!"+err.Error() != "!the file is damaged: "+c.want[1:] {
			t.Errorf("%s: %s, error %v, want %s", c.name, said, err, c.want)
		}
	}
}

// FuzzPage gives any bytes as a page of each type to the decoder of each encoding. When the
// package reads a file, it turns a panic into an error. Here a panic fails the test.
func FuzzPage(f *testing.F) {
	for e := range library {
		f.Add(byte(e), byte(format.Int64), uint16(9), []byte{0x80, 1, 4, 9, 2, 0, 1, 1, 1, 1, 0xff, 0xff, 0xff, 0xff, 3})
	}
	f.Add(byte(format.RLEDictionary), byte(format.ByteArray), uint16(9), []byte{1, 3, 0xff, 0xff})
	f.Fuzz(func(_ *testing.T, e, kind byte, n uint16, b []byte) {
		c := Chunk{column: Column{Physical: format.Type(kind % 8), Length: 1 + int(n%20), Optional: n%2 == 0}}
		c.dictionary = &dictionary{kind: c.column.Physical, size: c.column.size(), b: make([]byte, 2048), n: 16}
		for i := range uint32(17) {
			c.dictionary.begins = append(c.dictionary.begins, 5*i)
		}
		d, err := c.decoder(format.Encoding(e%16), b, int64(n))
		for i := uint16(0); err == nil && i < n; i++ {
			_, err = d.next()
		}
		_, _ = c.runLevels(b, int64(n))
		_ = expandOldLZ4(make([]byte, n), b)
		_, _, _ = readPage(b)
	})
}
