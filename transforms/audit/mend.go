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

// mend reads a column chunk as one of another type, because arrow-go cannot read it as what
// it is. A dictionary, if there is one, has to be brought into the other type's form.
type mend struct {
	to         parquet.Type
	dictionary func(values []byte, n, width int) []byte
}

var (
	// arrow-go has no DELTA_BYTE_ARRAY for values of a fixed length, in which parquet-mr writes
	// decimals and UUIDs. It is the encoding of values that have a length each.
	mendFixed = &mend{parquet.Types.ByteArray, withLengths}
	// DuckDB writes differences of more than 32 bits between numbers of 32 bits, which arrow-go
	// refuses. They are numbers of 64 bits whose lower half counts.
	mendWide = &mend{parquet.Types.Int64, widened}
)

// mendFor returns what a column chunk needs, nil if nothing.
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

// reads reports whether a data page of an encoding can be read: values that lie there as they
// are have the form of their own type.
func (m *mend) reads(e parquet.Encoding) bool {
	return e != parquet.Encodings.Plain && e != parquet.Encodings.ByteStreamSplit && slices.Contains(readable[m.to], e)
}

// page returns a dictionary of values of width bytes in the other type's form.
func (m *mend) page(p *file.DictionaryPage, width int) *file.DictionaryPage {
	n := int(p.NumValues())
	b := m.dictionary(p.Data(), n, width)
	return file.NewDictionaryPage(memory.NewBufferBytes(b), int32(n), parquet.Encodings.Plain)
}

// withLengths puts before each of n values of width bytes their length.
func withLengths(values []byte, n, width int) []byte {
	out := make([]byte, 0, n*(4+width))
	for i := range n {
		out = binary.LittleEndian.AppendUint32(out, uint32(width))
		out = append(out, values[i*width:(i+1)*width]...)
	}
	return out
}

// widened makes numbers of 64 bits of n numbers of 32 bits.
func widened(values []byte, n, _ int) []byte {
	out := make([]byte, 0, 8*n)
	for i := range n {
		out = binary.LittleEndian.AppendUint64(out, uint64(binary.LittleEndian.Uint32(values[4*i:])))
	}
	return out
}
