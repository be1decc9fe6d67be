package chainfile

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/pagebounds"
)

// unbounded returns a column's type with the widest bounds.
func (a annotated) unbounded() pagebounds.Type {
	if a.Kind() != parquet.FixedLenByteArray {
		return pagebounds.Type{Type: a.Type, Greatest: bytes.Repeat([]byte{0xff}, 16)}
	}
	least, greatest := make([]byte, a.Length()), bytes.Repeat([]byte{0xff}, a.Length())
	switch a.logical.(type) {
	case *format.DecimalType: // with a sign, the highest byte first
		least[0], greatest[0] = 0x80, 0x7f
	case *format.Float16Type: // the infinities, the lowest byte first
		least, greatest = []byte{0, 0xfc}, []byte{0, 0x7c}
	}
	return pagebounds.Type{Type: a.Type, Least: least, Greatest: greatest}
}

// unboundedFloat returns the type of a float with the widest bounds.
func unboundedFloat() pagebounds.Type {
	bits := func(sign int) []byte {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(math.Inf(sign))))
	}
	return pagebounds.Type{Type: parquet.FloatType, Least: bits(-1), Greatest: bits(1)}
}
