package audit

import (
	"encoding/binary"
	"slices"

	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/metadata"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// mend reads a column chunk as another type, because arrow-go cannot read it as its own. If
// there is a dictionary, it must be converted to the other type.
type mend struct {
	to         parquet.Type
	dictionary func(values []byte, n, width int) []byte
}

var (
	// parquet-mr writes decimals and UUIDs as DELTA_BYTE_ARRAY. arrow-go does not read this encoding
	// for values of a fixed length, but it does for values that each have their own length.
	mendFixed = &mend{parquet.Types.ByteArray, withLengths}
	// DuckDB writes differences of more than 32 bits between 32-bit numbers, which arrow-go
	// refuses. It can read them as 64-bit numbers, whose lower halves are the values.
	mendWide = &mend{parquet.Types.Int64, widened}
)

// mendFor returns the mend that a column chunk needs, nil if it needs none.
func mendFor(descr *schema.Column, chunk *metadata.ColumnChunkMetaData) *mend {
	has := func(e parquet.Encoding) bool { return slices.Contains(chunk.Encodings(), e) }
	switch kind := descr.PhysicalType(); {
	case kind == parquet.Types.FixedLenByteArray && has(parquet.Encodings.DeltaByteArray):
		return mendFixed
	case kind == parquet.Types.Int32 && has(parquet.Encodings.DeltaBinaryPacked):
		return mendWide
	}
	return nil
}

// as returns the column as one of the other type.
func (m *mend) as(c *schema.Column) (*schema.Column, error) {
	node, err := schema.NewPrimitiveNode(c.Name(), c.SchemaNode().RepetitionType(), m.to, -1, 0)
	if err != nil {
		return nil, unsupported("%w", err)
	}
	return schema.NewColumn(node, c.MaxDefinitionLevel(), c.MaxRepetitionLevel()), nil
}

// reads reports whether a data page of an encoding can be read as the other type. Values that
// are stored as they are cannot: they have the form of their own type.
func (m *mend) reads(e parquet.Encoding) bool {
	return e != parquet.Encodings.Plain && e != parquet.Encodings.ByteStreamSplit && slices.Contains(readable[m.to], e)
}

// page returns a dictionary of values of width bytes in the other type's form.
func (m *mend) page(p *file.DictionaryPage, width int) *file.DictionaryPage {
	n := int(p.NumValues())
	b := m.dictionary(p.Data(), n, width)
	return file.NewDictionaryPage(memory.NewBufferBytes(b), int32(n), parquet.Encodings.Plain)
}

// withLengths puts its length before each of n values of width bytes.
func withLengths(values []byte, n, width int) []byte {
	out := make([]byte, 0, n*(4+width))
	for i := range n {
		out = binary.LittleEndian.AppendUint32(out, uint32(width))
		out = append(out, values[i*width:(i+1)*width]...)
	}
	return out
}

// widened turns n 32-bit numbers into 64-bit ones.
func widened(values []byte, n, _ int) []byte {
	out := make([]byte, 0, 8*n)
	for i := range n {
		out = binary.LittleEndian.AppendUint64(out, uint64(binary.LittleEndian.Uint32(values[4*i:])))
	}
	return out
}
