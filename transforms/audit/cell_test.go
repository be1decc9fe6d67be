package audit

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

func TestCellsAreEqualIfTheValuesMeanTheSame(t *testing.T) {
	nan := math.Float64frombits(0x7ff8000000000002)
	wide := []byte{0x80, 0, 0, 0, 0, 0, 0, 0, 1} // -2^71 + 1
	for name, c := range map[string]struct {
		a, b  cell
		equal bool
	}{
		"nulls":                        {cell{null: true}, cell{null: true}, true},
		"null and 0":                   {cell{null: true}, int64Cell(0), false},
		"integers of two widths":       {int32Cell(-7), int64Cell(-7), true},
		"NaN":                          {doubleCell(math.NaN()), doubleCell(math.NaN()), true},
		"NaN of other bits":            {doubleCell(math.NaN()), doubleCell(nan), false},
		"zeros of two signs":           {floatCell(0), floatCell(float32(math.Copysign(0, -1))), false},
		"texts":                        {bytesCell([]byte("a")), bytesCell([]byte("a")), true},
		"an empty text and null":       {bytesCell(nil), cell{null: true}, false},
		"decimals of two lengths":      {decimalCell([]byte{0xff, 0xff, 0x85}), decimalCell([]byte{0x85}), true},
		"a decimal and an integer":     {decimalCell([]byte{0xff, 0x85}), int32Cell(-123), true},
		"a decimal of another sign":    {decimalCell([]byte{0, 0x85}), decimalCell([]byte{0x85}), false},
		"wide decimals":                {decimalCell(wide), decimalCell(append([]byte{0xff, 0xff}, wide...)), true},
		"a wide and a narrow one":      {decimalCell(wide), decimalCell(wide[1:]), false},
		"INT96 and nanoseconds":        {int96Cell(int96(2440589, 5)), int64Cell(86400e9 + 5), true},
		"INT96 before 1970":            {int96Cell(int96(2440587, 1)), int64Cell(1 - 86400e9), true},
		"INT96 of another nanosecond":  {int96Cell(int96(2440589, 5)), int96Cell(int96(2440589, 6)), false},
		"a decimal without bytes is 0": {decimalCell(nil), int32Cell(0), true},
	} {
		if got := c.a.equal(c.b); got != c.equal {
			t.Errorf("%s: equal is %v", name, got)
		}
	}
}

func int96(day uint32, nanos uint32) parquet.Int96 {
	return parquet.NewInt96([3]uint32{nanos, 0, day})
}

func TestMeaningsOfAnOutput(t *testing.T) {
	leaf := func(p parquet.Type, l schema.LogicalType, width int) meaning {
		node, err := schema.NewPrimitiveNodeLogical("c", parquet.Repetitions.Optional, l, p, width, -1)
		if err != nil {
			t.Fatal(err)
		}
		return meaningOf(schema.NewColumn(node, 1, 0))
	}
	legacy := func(p parquet.Type, c schema.ConvertedType) meaning {
		node, err := schema.NewPrimitiveNodeConverted("c", parquet.Repetitions.Optional, p, c, 0, 9, 2, -1)
		if err != nil {
			t.Fatal(err)
		}
		return meaningOf(schema.NewColumn(node, 1, 0))
	}
	is, as := parquet.Types, schema.ConvertedTypes
	none := schema.NoLogicalType{}
	for name, c := range map[string]struct {
		in, out meaning
		keeps   bool
	}{
		"INT(32, true) is INT32":        {leaf(is.Int32, schema.NewIntLogicalType(32, true), 0), leaf(is.Int32, none, 0), true},
		"INT(8, true) is not":           {leaf(is.Int32, schema.NewIntLogicalType(8, true), 0), leaf(is.Int32, none, 0), false},
		"unsigned":                      {leaf(is.Int64, schema.NewIntLogicalType(64, false), 0), leaf(is.Int64, none, 0), false},
		"legacy unsigned":               {legacy(is.Int32, as.Uint16), leaf(is.Int32, schema.NewIntLogicalType(16, false), 0), true},
		"legacy texts":                  {legacy(is.ByteArray, as.UTF8), leaf(is.ByteArray, schema.StringLogicalType{}, 0), true},
		"texts without an annotation":   {leaf(is.ByteArray, none, 0), leaf(is.ByteArray, schema.StringLogicalType{}, 0), false},
		"INT96":                         {leaf(is.Int96, none, 0), leaf(is.Int64, schema.NewTimestampLogicalType(false, schema.TimeUnitNanos), 0), true},
		"INT96 in a zone":               {leaf(is.Int96, none, 0), leaf(is.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitNanos), 0), false},
		"legacy times":                  {legacy(is.Int64, as.TimestampMicros), leaf(is.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitMicros), 0), true},
		"another unit":                  {legacy(is.Int64, as.TimestampMicros), leaf(is.Int64, schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), 0), false},
		"decimals of two physical ones": {leaf(is.FixedLenByteArray, schema.NewDecimalLogicalType(9, 2), 4), legacy(is.Int32, as.Decimal), true},
		"another scale":                 {leaf(is.Int32, schema.NewDecimalLogicalType(9, 3), 0), legacy(is.Int32, as.Decimal), false},
		"FLOAT16 as two bytes":          {leaf(is.FixedLenByteArray, schema.Float16LogicalType{}, 2), leaf(is.FixedLenByteArray, none, 2), false},
		"other lengths":                 {leaf(is.FixedLenByteArray, none, 3), leaf(is.FixedLenByteArray, none, 2), false},
		"ENUM kept":                     {leaf(is.ByteArray, schema.EnumLogicalType{}, 0), leaf(is.ByteArray, schema.EnumLogicalType{}, 0), true},
		"ENUM by a worker":              {leaf(is.ByteArray, schema.EnumLogicalType{}, 0), leaf(is.ByteArray, none, 0), true},
		"ENUM made a text":              {leaf(is.ByteArray, schema.EnumLogicalType{}, 0), leaf(is.ByteArray, schema.StringLogicalType{}, 0), false},
		"INTERVAL by a worker":          {leaf(is.FixedLenByteArray, schema.IntervalLogicalType{}, 12), leaf(is.FixedLenByteArray, none, 12), true},
		"null":                          {leaf(is.ByteArray, schema.NullLogicalType{}, 0), leaf(is.Int32, schema.NullLogicalType{}, 0), true},
		"null made a number":            {leaf(is.Int32, schema.NullLogicalType{}, 0), leaf(is.Int32, none, 0), false},
	} {
		if got := c.in.keeps(c.out); got != c.keeps {
			t.Errorf("%s: %s kept as %s: %v", name, c.in, c.out, got)
		}
	}
}

func TestCheckVector(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		vector []float32
		unit   bool
		want   string // "" is right
	}{
		"right":         {[]float32{0.6, 0.8}, true, ""},
		"no unit asked": {[]float32{3, 4}, false, ""},
		"too long":      {[]float32{3, 4}, true, "the vector's length is 5, not 1"},
		"zero":          {[]float32{0, 0}, true, "the vector's length is 0, not 1"},
		"rounded":       {[]float32{1.00001, 0}, true, ""},
		"not a number":  {[]float32{nan, 0}, false, "the vector holds something that is not a number"},
		"infinite":      {[]float32{inf, 0}, false, "the vector holds something that is not a number"},
	} {
		if got := checkVector(c.vector, c.unit, 1e-4); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
