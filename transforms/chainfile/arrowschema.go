package chainfile

import (
	"bytes"
	"encoding/base64"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// arrowSchemaKey is the footer's key under which Arrow's readers look for the schema that was written.
	arrowSchemaKey = "ARROW:schema"
	// mostDigits128 is how many digits a decimal of 128 bits has at most.
	mostDigits128 = 38
)

// arrowSchema returns the value of arrowSchemaKey with which Arrow's readers take vectors for lists
// of a fixed size. The format itself has no such lists. Arrow's readers go through this schema and the
// file's side by side, so it names all columns. For the other columns it says what these readers infer without it.
// It has the fingerprint, too, because pyarrow's schema of a file takes its metadata from here alone.
func arrowSchema(kept []keptColumn, chunks bool, size int, fingerprint string) (string, error) {
	fields := make([]arrow.Field, 0, len(kept)+4)
	for _, k := range kept {
		fields = append(fields, arrow.Field{Name: k.source.Name, Type: arrowType(k.stored), Nullable: k.optional})
	}
	fields = append(
		fields,
		arrow.Field{Name: TokensColumn, Type: arrow.PrimitiveTypes.Int32},
		arrow.Field{Name: TruncatedColumn, Type: arrow.FixedWidthTypes.Boolean},
	)
	if chunks {
		fields = append(fields, arrow.Field{Name: ChunksColumn, Type: arrow.PrimitiveTypes.Int32})
	}
	element := arrow.Field{Name: "element", Type: arrow.PrimitiveTypes.Float32, Nullable: true}
	fields = append(fields, arrow.Field{Name: EmbeddingColumn, Type: arrow.FixedSizeListOfField(int32(size), element)})
	metadata := arrow.MetadataFrom(map[string]string{FingerprintKey: fingerprint})
	var b bytes.Buffer
	// A stream begins with its schema. This one has nothing else.
	if err := ipc.NewWriter(&b, ipc.WithSchema(arrow.NewSchema(fields, &metadata))).Close(); err != nil {
		return "", fmt.Errorf("writing Arrow's schema: %w", err)
	}
	return base64.StdEncoding.EncodeToString(b.Bytes()), nil
}

// arrowType returns what Arrow's readers make of a column.
func arrowType(t annotated) arrow.DataType {
	switch l := t.logical.(type) {
	case *format.NullType:
		return arrow.Null
	case *format.StringType, *format.JsonType:
		return arrow.BinaryTypes.String
	case *format.DateType:
		return arrow.FixedWidthTypes.Date32
	case *format.Float16Type:
		return arrow.FixedWidthTypes.Float16
	case *format.DecimalType:
		if l.Precision > mostDigits128 {
			return &arrow.Decimal256Type{Precision: l.Precision, Scale: l.Scale}
		}
		return &arrow.Decimal128Type{Precision: l.Precision, Scale: l.Scale}
	case *format.IntType:
		return arrowInteger(l)
	case *format.TimeType:
		unit := arrowUnit(l.Unit)
		if unit == arrow.Millisecond {
			return &arrow.Time32Type{Unit: unit}
		}
		return &arrow.Time64Type{Unit: unit}
	case *format.TimestampType:
		zone := ""
		if l.IsAdjustedToUTC {
			zone = "UTC"
		}
		return &arrow.TimestampType{Unit: arrowUnit(l.Unit), TimeZone: zone}
	}
	if t.Kind() == parquet.FixedLenByteArray { // UUIDs, too: Arrow's readers know those by the file's own schema
		return &arrow.FixedSizeBinaryType{ByteWidth: t.Length()}
	}
	return map[parquet.Kind]arrow.DataType{
		parquet.Boolean:   arrow.FixedWidthTypes.Boolean,
		parquet.Int32:     arrow.PrimitiveTypes.Int32,
		parquet.Int64:     arrow.PrimitiveTypes.Int64,
		parquet.Float:     arrow.PrimitiveTypes.Float32,
		parquet.Double:    arrow.PrimitiveTypes.Float64,
		parquet.ByteArray: arrow.BinaryTypes.Binary, // ENUM, BSON and GEOMETRY, too
	}[t.Kind()]
}

func arrowInteger(l *format.IntType) arrow.DataType {
	return map[format.IntType]arrow.DataType{
		{BitWidth: 8, IsSigned: true}:  arrow.PrimitiveTypes.Int8,
		{BitWidth: 8}:                  arrow.PrimitiveTypes.Uint8,
		{BitWidth: 16, IsSigned: true}: arrow.PrimitiveTypes.Int16,
		{BitWidth: 16}:                 arrow.PrimitiveTypes.Uint16,
		{BitWidth: 32}:                 arrow.PrimitiveTypes.Uint32, // a signed one has no annotation
		{BitWidth: 64}:                 arrow.PrimitiveTypes.Uint64,
	}[*l]
}

func arrowUnit(unit format.TimeUnit) arrow.TimeUnit {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return arrow.Millisecond
	case *format.MicroSeconds:
		return arrow.Microsecond
	}
	return arrow.Nanosecond
}
