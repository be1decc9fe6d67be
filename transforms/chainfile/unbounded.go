package chainfile

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// unboundedType is a type whose pages have no bounds in the column index but the widest. The library's
// SkipPageBounds alone writes none at all for values of a fixed length, with which DataFusion refuses the
// file, and zeros for others, with which readers leave out pages that have what they look for.
type unboundedType struct {
	parquet.Type
	least, greatest []byte
}

func (u unboundedType) NewColumnIndexer(int) parquet.ColumnIndexer {
	return &unboundedIndexer{least: u.least, greatest: u.greatest}
}

// unbounded returns a column's type without bounds.
func (a annotated) unbounded() unboundedType {
	if a.Kind() != parquet.FixedLenByteArray {
		return unboundedType{a.Type, nil, bytes.Repeat([]byte{0xff}, 16)}
	}
	least, greatest := make([]byte, a.Length()), bytes.Repeat([]byte{0xff}, a.Length())
	switch a.logical.(type) {
	case *format.DecimalType: // with a sign, the highest byte first
		least[0], greatest[0] = 0x80, 0x7f
	case *format.Float16Type: // the infinities, the lowest byte first
		least, greatest = []byte{0, 0xfc}, []byte{0, 0x7c}
	}
	return unboundedType{a.Type, least, greatest}
}

// unboundedFloat returns the type of a float without bounds.
func unboundedFloat() unboundedType {
	bits := func(sign int) []byte {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.Inf(sign))))
	}
	return unboundedType{parquet.FloatType, bits(-1), bits(1)}
}

// unboundedIndexer gives each page with a value the same bounds.
type unboundedIndexer struct {
	least, greatest []byte
	index           format.ColumnIndex
}

func (i *unboundedIndexer) Reset() { i.index = format.ColumnIndex{} }

func (i *unboundedIndexer) IndexPage(values, nulls int64, _, _ parquet.Value) {
	least, greatest := i.least, i.greatest
	if values == nulls {
		least, greatest = nil, nil
	}
	i.index.NullPages = append(i.index.NullPages, values == nulls)
	i.index.NullCounts = append(i.index.NullCounts, nulls)
	i.index.MinValues = append(i.index.MinValues, least)
	i.index.MaxValues = append(i.index.MaxValues, greatest)
}

func (i *unboundedIndexer) ColumnIndex() format.ColumnIndex { return i.index }
