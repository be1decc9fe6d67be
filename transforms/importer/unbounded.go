package importer

import (
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/threadloom/threadloom/transforms/pagebounds"
)

// unbounded are the columns without bounds.
var unbounded = []string{"text", "title"}

// greatestText is greater than every text but those that begin with as many of the last code point.
var greatestText = []byte(strings.Repeat("\U0010FFFF", 16))

// withoutBounds returns options with which long texts have only the widest bounds: their own would be as
// long as they are.
func withoutBounds(authors bool) (options []parquet.WriterOption) {
	schema := parquet.SchemaOf(row{})
	if authors {
		schema = parquet.SchemaOf(authoredRow{})
	}
	var fields []parquet.Field
	for _, f := range schema.Fields() {
		if slices.Contains(unbounded, f.Name()) {
			f = unboundedField{f}
			options = append(options, parquet.SkipPageBounds(f.Name()))
		}
		fields = append(fields, f)
	}
	return append(options, parquet.NewSchema(schema.Name(), group{schema, fields}))
}

// group is a group with some fields in place of its own.
type group struct {
	parquet.Node
	fields []parquet.Field
}

func (g group) Fields() []parquet.Field { return g.fields }

type unboundedField struct{ parquet.Field }

func (f unboundedField) Type() parquet.Type { return unbound(f.Field.Type()) }

type unboundedType struct{ pagebounds.Type }

func unbound(t parquet.Type) unboundedType {
	return unboundedType{pagebounds.Type{Type: t, Greatest: greatestText}}
}

func (u unboundedType) NewDictionary(column, values int, data encoding.Values) parquet.Dictionary {
	return unboundedDictionary{u.Type.NewDictionary(column, values, data)}
}

// unboundedDictionary has the type of the numbers that stand for its texts.
type unboundedDictionary struct{ parquet.Dictionary }

func (d unboundedDictionary) Type() parquet.Type { return unbound(d.Dictionary.Type()) }
