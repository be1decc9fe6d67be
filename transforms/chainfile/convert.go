package chainfile

import (
	"encoding/binary"
	"math"
	"math/big"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// The most digits that a decimal of so many bits can have.
const (
	digits32 = 9
	digits64 = 18
	// mostDigits is what a decimal of Arrow can have at most.
	mostDigits = 76
)

// decimal stores a decimal as the smallest type that holds its digits, whatever type it had:
// an integer if one is large enough, because every reader compares integers correctly.
func (k *keptColumn) decimal(l *format.DecimalType) bool {
	if l.Precision <= 0 || l.Precision > mostDigits || l.Scale < 0 || l.Scale > l.Precision {
		return false
	}
	switch k.source.Physical {
	case format.Int32, format.Int64, format.ByteArray, format.FixedLenByteArray:
	default:
		return false
	}
	k.means(l, deprecated.Decimal)
	switch {
	case l.Precision <= digits32:
		k.stored.Type = parquet.Int32Type
		k.convert = func(v parquet.Value) (parquet.Value, error) {
			x, err := decimalInteger(v, math.MinInt32, math.MaxInt32)
			return parquet.Int32Value(int32(x)), err
		}
	case l.Precision <= digits64:
		k.stored.Type = parquet.Int64Type
		k.convert = func(v parquet.Value) (parquet.Value, error) {
			x, err := decimalInteger(v, math.MinInt64, math.MaxInt64)
			return parquet.Int64Value(x), err
		}
	default:
		size := decimalBytes(int(l.Precision))
		k.unordered = true
		k.stored.Type = parquet.FixedLenByteArrayType(size)
		k.convert = func(v parquet.Value) (parquet.Value, error) {
			b, err := resizedDecimal(bigEndian(v), size)
			return parquet.FixedLenByteArrayValue(b), err
		}
	}
	return true
}

// decimalBytes returns how many bytes hold every number of so many digits, and its sign.
func decimalBytes(digits int) int {
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)
	return most.BitLen()/8 + 1
}

// bigEndian returns the bytes of a decimal, the highest first.
func bigEndian(v parquet.Value) []byte {
	switch v.Kind() {
	case parquet.Int32:
		return binary.BigEndian.AppendUint32(nil, uint32(v.Int32()))
	case parquet.Int64:
		return binary.BigEndian.AppendUint64(nil, uint64(v.Int64()))
	}
	return v.ByteArray()
}

// decimalInteger returns a decimal's digits as a number, which must be within bounds.
func decimalInteger(v parquet.Value, least, most int64) (int64, error) {
	b, err := resizedDecimal(bigEndian(v), 8)
	if err != nil {
		return 0, err
	}
	x := int64(binary.BigEndian.Uint64(b))
	if x < least || x > most {
		return 0, errDecimal(v)
	}
	return x, nil
}

// resizedDecimal returns a number of any length, the highest byte first, with size bytes.
func resizedDecimal(b []byte, size int) ([]byte, error) {
	sign := byte(0)
	if len(b) > 0 && b[0]&0x80 != 0 {
		sign = 0xff
	}
	for len(b) > size {
		if b[0] != sign || (b[1]^sign)&0x80 != 0 {
			return make([]byte, size), errDecimal(parquet.FixedLenByteArrayValue(b))
		}
		b = b[1:]
	}
	out := make([]byte, size)
	copy(out[size-len(b):], b)
	for i := range size - len(b) {
		out[i] = sign
	}
	return out, nil
}

func errDecimal(v parquet.Value) error {
	return deadletter.ValueOutOfRange.Errorf("the decimal 0x%x has more digits than its type allows (to leave the column out, list the others in --keep)", bigEndian(v))
}

// fromInt96 makes the column a timestamp, the only thing that INT96 was ever used for.
func (k *keptColumn) fromInt96() {
	k.stored = annotated{
		Type:    parquet.Int64Type,
		logical: &format.TimestampType{Unit: format.TimeUnit{Value: &format.NanoSeconds{}}},
	}
	k.convert = func(v parquet.Value) (parquet.Value, error) {
		x, err := unixNano(v.Int96())
		return parquet.Int64Value(x), err
	}
}

// unixNano returns the nanoseconds since 1970 of a time that is stored as the nanoseconds of a
// day, then the Julian number of the day.
func unixNano(t deprecated.Int96) (int64, error) {
	const julian1970, day = 2_440_588, 24 * 60 * 60 * 1_000_000_000
	days := int64(t[2]) - julian1970
	nanos := big.NewInt(int64(uint64(t[0]) | uint64(t[1])<<32))
	nanos.Add(nanos, new(big.Int).Mul(big.NewInt(days), big.NewInt(day)))
	if !nanos.IsInt64() {
		return 0, deadletter.ValueOutOfRange.Errorf("an INT96 time lies outside of the years 1677 to 2262 (to leave the column out, list the others in --keep)")
	}
	return nanos.Int64(), nil
}
