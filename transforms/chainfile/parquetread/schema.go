package parquetread

import (
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// element is an entry of the footer's schema.
type element struct {
	Type        thrift.Null[format.Type]                `thrift:"1,optional"`
	TypeLength  int32                                   `thrift:"2,optional"`
	Repetition  thrift.Null[format.FieldRepetitionType] `thrift:"3,optional"`
	Name        string                                  `thrift:"4,optional"`
	NumChildren int32                                   `thrift:"5,optional"`
	Converted   thrift.Null[deprecated.ConvertedType]   `thrift:"6,optional"`
	Scale       int32                                   `thrift:"7,optional"`
	Precision   int32                                   `thrift:"8,optional"`
	Logical     format.LogicalType                      `thrift:"10,optional"`
}

// Column is a top-level column of a file.
type Column struct {
	Name string
	// Flat says that it is a single value in each row. The rest is set only if it is.
	Flat     bool
	Optional bool        // a value may be null
	Physical format.Type // how a value is stored
	Length   int         // bytes of a FIXED_LEN_BYTE_ARRAY
	// Logical is the value's meaning, nil if it has none beyond its physical type. The
	// ConvertedTypes of older writers are translated.
	Logical format.LogicalTypeValue
	leaf    int // among all leaf columns
	// listLevel is the definition level of a float, if the values are lists of floats; else 0.
	listLevel int
}

// Columns returns the file's top-level columns, in order.
func (f *File) Columns() []Column { return f.columns }

// readSchema finds the columns, and returns the physical types of all leaves.
func (f *File) readSchema() (leaves []format.Type, err error) {
	elements := f.metadata.Schema
	if len(elements) == 0 {
		return nil, damaged("its footer has no schema")
	}
	rest := elements[1:]
	for range elements[0].NumChildren {
		if len(rest) == 0 {
			return nil, damaged("its schema claims more than it holds")
		}
		column := newColumn(&rest[0], len(leaves))
		column.listLevel = listLevel(rest)
		if rest, err = readNode(rest, 0, &leaves); err != nil {
			return nil, err
		}
		if err := column.check(); err != nil {
			return nil, err
		}
		f.columns = append(f.columns, column)
	}
	return leaves, nil
}

// readNode passes over the first of elements and what is below it.
func readNode(elements []element, depth int, leaves *[]format.Type) (rest []element, err error) {
	e := &elements[0]
	rest = elements[1:]
	if !e.Repetition.Valid || e.Repetition.V < format.Required || e.Repetition.V > format.Repeated {
		return nil, damaged("its schema does not say whether the column %q may be null", e.Name)
	}
	if depth > maxDepth {
		return nil, tooLarge("its schema has more than %d levels", maxDepth)
	}
	if e.Type.Valid {
		*leaves = append(*leaves, e.Type.V)
		return rest, nil
	}
	for range e.NumChildren {
		if len(rest) == 0 {
			return nil, damaged("its schema claims more than it holds")
		}
		if rest, err = readNode(rest, depth+1, leaves); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

func newColumn(e *element, leaf int) Column {
	c := Column{Name: e.Name, leaf: leaf}
	if !e.Type.Valid || e.Repetition.V == format.Repeated {
		return c
	}
	c.Flat = true
	c.Optional = e.Repetition.V == format.Optional
	c.Physical, c.Length = e.Type.V, int(e.TypeLength)
	if c.Logical = e.Logical.Value; c.Logical == nil && e.Converted.Valid {
		c.Logical = e.translated()
	}
	return c
}

func (c *Column) check() error {
	switch {
	case !c.Flat:
		return nil
	case c.Physical < format.Boolean || c.Physical > format.FixedLenByteArray:
		return damaged("the column %q is of the unknown type %d", c.Name, c.Physical)
	case c.Physical == format.FixedLenByteArray && (c.Length <= 0 || c.Length > maxPageBytes):
		return damaged("the column %q has values of %d bytes", c.Name, c.Length)
	}
	return nil
}

// translated returns the logical type that a ConvertedType stands for,
// https://github.com/apache/parquet-format/blob/master/LogicalTypes.md
func (e *element) translated() format.LogicalTypeValue {
	millis := format.TimeUnit{Value: &format.MilliSeconds{}}
	micros := format.TimeUnit{Value: &format.MicroSeconds{}}
	switch t := e.Converted.V; t {
	case deprecated.UTF8:
		return &format.StringType{}
	case deprecated.Enum:
		return &format.EnumType{}
	case deprecated.Json:
		return &format.JsonType{}
	case deprecated.Bson:
		return &format.BsonType{}
	case deprecated.Decimal:
		return &format.DecimalType{Scale: e.Scale, Precision: e.Precision}
	case deprecated.Date:
		return &format.DateType{}
	case deprecated.TimeMillis:
		return &format.TimeType{IsAdjustedToUTC: true, Unit: millis}
	case deprecated.TimeMicros:
		return &format.TimeType{IsAdjustedToUTC: true, Unit: micros}
	case deprecated.TimestampMillis:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: millis}
	case deprecated.TimestampMicros:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: micros}
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return &format.IntType{BitWidth: 8 << (t - deprecated.Uint8)}
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return &format.IntType{BitWidth: 8 << (t - deprecated.Int8), IsSigned: true}
	}
	return nil
}
