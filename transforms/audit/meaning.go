package audit

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// meaning is what the values of a column stand for, however they are stored.
type meaning struct {
	name             string
	width            int // of INT in bits, of FIXED in bytes
	signed           bool
	unit             string
	utc              bool
	precision, scale int32
}

func (m meaning) String() string {
	switch m.name {
	case "INT":
		return fmt.Sprintf("INT(%d, signed=%t)", m.width, m.signed)
	case "FIXED":
		return fmt.Sprintf("FIXED(%d)", m.width)
	case "TIME", "TIMESTAMP":
		return fmt.Sprintf("%s(%s, utc=%t)", m.name, m.unit, m.utc)
	case "DECIMAL":
		return fmt.Sprintf("DECIMAL(%d, %d)", m.precision, m.scale)
	}
	return m.name
}

// meaningOf reads legacy annotations as the logical types that the format gives for them.
func meaningOf(c *schema.Column) meaning {
	switch t := c.LogicalType().(type) {
	case schema.NullLogicalType, schema.UnknownLogicalType:
		return meaning{name: "NULL"}
	case schema.StringLogicalType, schema.EnumLogicalType, schema.JSONLogicalType, schema.BSONLogicalType,
		schema.UUIDLogicalType, schema.Float16LogicalType, schema.IntervalLogicalType, schema.DateLogicalType:
		return meaning{name: strings.ToUpper(t.String())}
	case schema.DecimalLogicalType:
		return meaning{name: "DECIMAL", precision: t.Precision(), scale: t.Scale()}
	case schema.TimeLogicalType:
		return meaning{name: "TIME", unit: unit(t.TimeUnit()), utc: t.IsAdjustedToUTC()}
	case schema.TimestampLogicalType:
		return meaning{name: "TIMESTAMP", unit: unit(t.TimeUnit()), utc: t.IsAdjustedToUTC()}
	case schema.IntLogicalType:
		return meaning{name: "INT", width: int(t.BitWidth()), signed: t.IsSigned()}
	case schema.GeometryLogicalType:
		return meaning{name: "GEOMETRY"}
	case schema.GeographyLogicalType:
		return meaning{name: "GEOGRAPHY"}
	}
	return plain(c)
}

// plain is the meaning of a column without an annotation.
func plain(c *schema.Column) meaning {
	switch c.PhysicalType() {
	case parquet.Types.Int32:
		return meaning{name: "INT", width: 32, signed: true}
	case parquet.Types.Int64:
		return meaning{name: "INT", width: 64, signed: true}
	case parquet.Types.Int96:
		return meaning{name: "TIMESTAMP", unit: "NANOS"}
	case parquet.Types.FixedLenByteArray:
		return meaning{name: "FIXED", width: c.TypeLength()}
	}
	return meaning{name: c.PhysicalType().String()}
}

func unit(u schema.TimeUnitType) string {
	return map[schema.TimeUnitType]string{
		schema.TimeUnitMillis: "MILLIS", schema.TimeUnitMicros: "MICROS", schema.TimeUnitNanos: "NANOS",
		schema.TimeUnitUnknown: "unknown",
	}[u]
}

// keeps reports whether an output may store a column of meaning m as one of meaning out.
// pyarrow cannot write some annotations, so a worker leaves them out.
func (m meaning) keeps(out meaning) bool {
	switch {
	case m == out:
		return true
	case m.name == "INTERVAL":
		return out == meaning{name: "FIXED", width: 12}
	}
	return out.name == "BYTE_ARRAY" && slices.Contains([]string{"ENUM", "BSON", "GEOMETRY", "GEOGRAPHY"}, m.name)
}
