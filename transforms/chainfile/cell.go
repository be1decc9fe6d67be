package chainfile

import (
	"math"
	"strconv"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
)

// Cell is a value of a scalar column.
type Cell struct {
	column parquetread.Column
	value  parquet.Value
}

// Bytes returns the value as text, which is valid until the column's next page is read. A null is an empty text.
func (c Cell) Bytes() []byte {
	switch c.value.Kind() {
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return c.value.ByteArray()
	}
	return []byte(c.Text())
}

// Text returns the value as text. A null is an empty text.
func (c Cell) Text() string {
	if c.value.IsNull() {
		return ""
	}
	return c.value.String()
}

// Int returns a whole number; false if the value is not one.
func (c Cell) Int() (int64, bool) {
	switch v := c.value; {
	case v.IsNull():
		return 0, false
	case v.Kind() == parquet.Int32:
		return int64(v.Int32()), true
	case v.Kind() == parquet.Int64:
		return v.Int64(), true
	}
	return 0, false
}

// Unix returns a time as seconds since 1970. Numbers, and texts of digits, are seconds, unless they
// are so large that they must be milliseconds, microseconds or nanoseconds.
func (c Cell) Unix() (seconds int64, ok bool) {
	v := c.value
	if v.IsNull() {
		return 0, false
	}
	switch l := c.column.Logical.(type) {
	case *format.TimestampType:
		if c.column.Physical == format.Int64 && l.Unit.Value != nil {
			return floorDiv(v.Int64(), int64(time.Second/l.Unit.Value.Duration())), true
		}
	case *format.DateType:
		if c.column.Physical == format.Int32 {
			return int64(v.Int32()) * 24 * 60 * 60, true
		}
	}
	switch v.Kind() {
	case parquet.Int32:
		return int64(v.Int32()), true
	case parquet.Int64:
		return fromAnyUnit(v.Int64()), true
	case parquet.Int96:
		nanos, err := unixNano(v.Int96())
		return floorDiv(nanos, 1e9), err == nil
	case parquet.Float:
		return fromFloat(float64(v.Float()))
	case parquet.Double:
		return fromFloat(v.Double())
	case parquet.ByteArray:
		text := string(v.ByteArray())
		if x, err := strconv.ParseInt(text, 10, 64); err == nil {
			return fromAnyUnit(x), true
		}
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			return fromFloat(x)
		}
	}
	return 0, false
}

// unitStep is the number from which a time must be in the next finer unit: 100 billion seconds after
// 1970 is the year 5138, 100 billion milliseconds is 1973.
const unitStep = 100_000_000_000

func fromAnyUnit(x int64) int64 {
	for x >= unitStep || x <= -unitStep {
		x = floorDiv(x, 1000)
	}
	return x
}

func fromFloat(x float64) (int64, bool) {
	if math.IsNaN(x) || math.Abs(x) > math.MaxInt64/2 {
		return 0, false
	}
	return fromAnyUnit(int64(math.Floor(x))), true
}

// floorDiv rounds down, also before 1970.
func floorDiv(x, by int64) int64 {
	q := x / by
	if x%by < 0 {
		q--
	}
	return q
}
