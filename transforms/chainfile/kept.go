package chainfile

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
)

// keptColumn is a column that goes from the input to the output. How the output stores it
// follows from what its values mean, never from how the input stored them.
type keptColumn struct {
	source   parquetread.Column
	stored   annotated
	optional bool
	// convert turns a value of the input that is not null into the output's; nil: it is the same.
	convert func(parquet.Value) (parquet.Value, error)
	// unordered says that the library does not order values as the format does: because of
	// a wrong minimum or maximum, readers would skip rows that they look for.
	unordered bool
}

// annotated is a physical type with a meaning. The library's own logical types would not
// do: some set a legacy ConvertedType that says something else.
type annotated struct {
	parquet.Type
	logical   format.LogicalTypeValue
	converted *deprecated.ConvertedType // by which older readers know it; nil: they do not
}

func (a annotated) String() string {
	if a.logical != nil {
		return a.logical.String()
	}
	return a.Type.String()
}

func (a annotated) LogicalType() *format.LogicalType {
	if a.logical == nil {
		return nil
	}
	return &format.LogicalType{Value: a.logical}
}

func (a annotated) ConvertedType() *deprecated.ConvertedType { return a.converted }

func (k *keptColumn) node() parquet.Node {
	node := parquet.Encoded(parquet.Leaf(k.stored), &parquet.Plain)
	if k.optional {
		return parquet.Optional(node)
	}
	return node
}

// level returns the definition level of a value: 1 if it is there and might be null.
func (k *keptColumn) level(v parquet.Value) int {
	if k.optional && !v.IsNull() {
		return 1
	}
	return 0
}

// keep returns how a column of an input is stored in the output.
func keep(c parquetread.Column) keptColumn {
	k := keptColumn{source: c, optional: c.Optional, stored: annotated{Type: physicalType(c)}}
	known := k.interpret()
	if !known { // no meaning, or one that its physical type cannot have
		k.unordered = c.Physical == format.FixedLenByteArray
		if c.Physical == format.Int96 {
			k.fromInt96()
		}
	}
	if k.unordered {
		k.stored.Type = k.stored.unbounded()
	}
	return k
}

// physicalType returns the library's type for how a column's values are stored.
func physicalType(c parquetread.Column) parquet.Type {
	if c.Physical == format.FixedLenByteArray {
		return parquet.FixedLenByteArrayType(c.Length)
	}
	return map[format.Type]parquet.Type{
		format.Boolean: parquet.BooleanType, format.Int32: parquet.Int32Type, format.Int64: parquet.Int64Type,
		format.Int96: parquet.Int96Type, format.Float: parquet.FloatType, format.Double: parquet.DoubleType,
		format.ByteArray: parquet.ByteArrayType,
	}[c.Physical]
}

// interpret gives the column its meaning, if it has one and its physical type can have it.
func (k *keptColumn) interpret() bool {
	physical, length := k.source.Physical, k.source.Length
	switch l := k.source.Logical.(type) {
	case *format.NullType:
		k.nothing()
		return true
	case *format.DecimalType:
		return k.decimal(l)
	case *format.IntType:
		return k.integer(l)
	case *format.TimeType:
		return k.time(l)
	case *format.TimestampType:
		return physical == format.Int64 && k.timestamp(l)
	case *format.DateType:
		return physical == format.Int32 && k.means(l, deprecated.Date)
	case *format.StringType:
		return physical == format.ByteArray && k.means(l, deprecated.UTF8)
	case *format.JsonType:
		return physical == format.ByteArray && k.means(l, deprecated.Json)
	case *format.EnumType:
		return physical == format.ByteArray && k.means(l, deprecated.Enum)
	case *format.BsonType:
		return physical == format.ByteArray && k.means(l, deprecated.Bson)
	case *format.GeometryType, *format.GeographyType:
		k.unordered = true
		return physical == format.ByteArray && k.meansOnly(l)
	case *format.UUIDType:
		k.unordered = true
		return physical == format.FixedLenByteArray && length == 16 && k.meansOnly(l)
	case *format.Float16Type:
		k.unordered = true
		return physical == format.FixedLenByteArray && length == 2 && k.meansOnly(l)
	}
	return false
}

// means sets the meaning, and how older readers know it. It returns true.
func (k *keptColumn) means(l format.LogicalTypeValue, legacy deprecated.ConvertedType) bool {
	k.stored.logical, k.stored.converted = l, &legacy
	return true
}

// meansOnly sets a meaning that older readers do not know. It returns true.
func (k *keptColumn) meansOnly(l format.LogicalTypeValue) bool {
	k.stored.logical, k.stored.converted = l, nil
	return true
}

// nothing makes it a column of nulls, which is an INT32 by convention, whatever type it had.
func (k *keptColumn) nothing() {
	k.stored = annotated{Type: parquet.Int32Type, logical: &format.NullType{}}
	k.optional = true
	k.convert = func(parquet.Value) (parquet.Value, error) { return parquet.NullValue(), nil }
}

// integer leaves out an annotation that says no more than the physical type.
func (k *keptColumn) integer(l *format.IntType) bool {
	width := int(l.BitWidth)
	switch {
	case k.source.Physical == format.Int64 && width == 64, k.source.Physical == format.Int32 && width == 32:
		if l.IsSigned {
			return true
		}
	case k.source.Physical == format.Int32 && (width == 8 || width == 16):
	default:
		return false
	}
	legacy := map[int]deprecated.ConvertedType{8: deprecated.Uint8, 16: deprecated.Uint16, 32: deprecated.Uint32, 64: deprecated.Uint64}[width]
	if l.IsSigned {
		legacy += deprecated.Int8 - deprecated.Uint8
	} else {
		k.stored.Type = parquet.Uint(width).Type() // it compares as unsigned
	}
	return k.means(l, legacy)
}

func (k *keptColumn) time(l *format.TimeType) bool {
	physical, legacy := format.Int64, deprecated.TimeMicros
	if _, millis := l.Unit.Value.(*format.MilliSeconds); millis {
		physical, legacy = format.Int32, deprecated.TimeMillis
	}
	return l.Unit.Value != nil && k.source.Physical == physical && k.moment(l, l.Unit, l.IsAdjustedToUTC, legacy)
}

func (k *keptColumn) timestamp(l *format.TimestampType) bool {
	legacy := deprecated.TimestampMicros
	if _, millis := l.Unit.Value.(*format.MilliSeconds); millis {
		legacy = deprecated.TimestampMillis
	}
	return l.Unit.Value != nil && k.moment(l, l.Unit, l.IsAdjustedToUTC, legacy)
}

// moment sets the meaning of a time. All ConvertedTypes are in UTC, and none is in nanoseconds.
func (k *keptColumn) moment(l format.LogicalTypeValue, unit format.TimeUnit, utc bool, legacy deprecated.ConvertedType) bool {
	if _, nanos := unit.Value.(*format.NanoSeconds); nanos || !utc {
		return k.meansOnly(l)
	}
	return k.means(l, legacy)
}
