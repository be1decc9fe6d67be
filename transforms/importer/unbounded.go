package importer

import (
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"
)

// unbounded are the columns without bounds.
var unbounded = []string{"text", "title"}

// greatestText is greater than every text but those that begin with as many of the last code point.
var greatestText = []byte(strings.Repeat("\U0010FFFF", 16))

// withoutBounds returns options with which long texts have only the widest bounds: their own would be as
// long as they are. The library's SkipPageBounds alone would say that each page has nothing but empty
// texts, and readers that believe it, such as DataFusion and Spark, would not find a text.
func withoutBounds(schema *parquet.Schema) (options []parquet.WriterOption) {
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

func (f unboundedField) Type() parquet.Type { return unboundedType{f.Field.Type()} }

type unboundedType struct{ parquet.Type }

func (unboundedType) NewColumnIndexer(int) parquet.ColumnIndexer { return &unboundedIndexer{} }

func (u unboundedType) NewDictionary(column, values int, data encoding.Values) parquet.Dictionary {
	return unboundedDictionary{u.Type.NewDictionary(column, values, data)}
}

// unboundedDictionary has the type of the numbers that stand for its texts.
type unboundedDictionary struct{ parquet.Dictionary }

func (d unboundedDictionary) Type() parquet.Type { return unboundedType{d.Dictionary.Type()} }

// unboundedIndexer gives each page the widest bounds.
type unboundedIndexer struct{ index format.ColumnIndex }

func (i *unboundedIndexer) Reset() { i.index = format.ColumnIndex{} }

func (i *unboundedIndexer) IndexPage(values, nulls int64, _, _ parquet.Value) {
	greatest := greatestText
	if values == nulls {
		greatest = nil
	}
	i.index.NullPages = append(i.index.NullPages, values == nulls)
	i.index.NullCounts = append(i.index.NullCounts, nulls)
	i.index.MinValues = append(i.index.MinValues, nil)
	i.index.MaxValues = append(i.index.MaxValues, greatest)
}

func (i *unboundedIndexer) ColumnIndex() format.ColumnIndex { return i.index }
