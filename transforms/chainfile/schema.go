package chainfile

import (
	"reflect"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Columns that an output has after the kept ones.
const (
	TokensColumn    = "n_tokens"
	TruncatedColumn = "truncated"
	ChunksColumn    = "n_chunks" // only if long texts are chunked
	EmbeddingColumn = "embedding"
)

// outputSchema is the kept columns, then n_tokens, truncated, n_chunks if asked for, and
// embedding, a standard LIST of floats. The floats are optional, although none is ever null,
// because Arrow treats list<float> and list<float not null> as different types, and everybody
// else writes the first. They are stored plainly: BYTE_STREAM_SPLIT would make files 6 %
// smaller, but Spark 3 and fastparquet cannot read it.
func outputSchema(kept []keptColumn, chunks bool) *parquet.Schema {
	fields := make([]parquet.Field, 0, len(kept)+4)
	for _, k := range kept {
		fields = append(fields, column{k.node(), k.source.Name})
	}
	element := parquet.Optional(parquet.Encoded(parquet.Leaf(unboundedFloat()), &parquet.Plain))
	number := parquet.Leaf(annotated{Type: parquet.Int32Type}) // as pyarrow writes it, without an annotation
	fields = append(
		fields,
		column{number, TokensColumn},
		column{parquet.Leaf(parquet.BooleanType), TruncatedColumn},
	)
	if chunks {
		fields = append(fields, column{number, ChunksColumn})
	}
	fields = append(fields, column{parquet.List(element), EmbeddingColumn})
	return parquet.NewSchema("embeddings", ordered{parquet.Group{}, fields})
}

// ours reports whether this package writes a column; a column of the input with the same
// name is replaced.
func ours(name string) bool {
	return slices.Contains([]string{TokensColumn, TruncatedColumn, ChunksColumn, EmbeddingColumn}, name)
}

// column is a node with a name.
type column struct {
	parquet.Node
	name string
}

func (c column) Name() string { return c.name }

// Value is only called for Go structs, which this package does not write.
func (c column) Value(reflect.Value) reflect.Value { return reflect.Value{} }

// ordered is a group that keeps its fields in the order given; parquet.Group
// sorts them by name.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (o ordered) Fields() []parquet.Field { return o.fields }
