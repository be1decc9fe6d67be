package audit

import (
	"bytes"
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/parquet"
)

// cell is a value in a normal form: two cells mean the same exactly if their bits are equal. A NaN
// equals a NaN with the same bits, and 0 does not equal -0.
type cell struct {
	null  bool
	bits  uint64 // of a number
	bytes []byte // of anything else; valid until the next read from the column
}

func (c cell) equal(d cell) bool {
	return c.null == d.null && c.bits == d.bits && bytes.Equal(c.bytes, d.bytes)
}

func boolCell(x bool) cell {
	if x {
		return cell{bits: 1}
	}
	return cell{}
}

func int32Cell(x int32) cell                     { return cell{bits: uint64(int64(x))} }
func int64Cell(x int64) cell                     { return cell{bits: uint64(x)} }
func floatCell(x float32) cell                   { return cell{bits: uint64(math.Float32bits(x))} }
func doubleCell(x float64) cell                  { return cell{bits: math.Float64bits(x)} }
func bytesCell(x parquet.ByteArray) cell         { return cell{bytes: x} }
func fixedCell(x parquet.FixedLenByteArray) cell { return cell{bytes: x} }

// int96Cell is nanoseconds since 1970, as pyarrow reads them: a time that does not fit wraps around.
func int96Cell(x parquet.Int96) cell {
	const epoch, dayNanos = 2440588, 86400e9 // the Julian day of 1970-01-01
	nanos := binary.LittleEndian.Uint64(x[:8])
	days := uint64(binary.LittleEndian.Uint32(x[8:])) - epoch
	return cell{bits: days*dayNanos + nanos}
}

// decimalCell is an unscaled decimal, big-endian in two's complement, of any length.
func decimalCell(x []byte) cell {
	for len(x) > 8 && (x[0] == 0 && x[1] < 0x80 || x[0] == 0xff && x[1] >= 0x80) {
		x = x[1:] // it only repeats the sign
	}
	if len(x) > 8 {
		return cell{bytes: x}
	}
	c := cell{}
	if len(x) > 0 && x[0] >= 0x80 {
		c.bits = math.MaxUint64
	}
	for _, b := range x {
		c.bits = c.bits<<8 | uint64(b)
	}
	return c
}
