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

// arrow-go has no DELTA_BYTE_ARRAY for values of a fixed length, in which parquet-mr writes
// decimals and UUIDs. It is the encoding of values that have a length each, so the column is read
// as one of those. Its dictionary, if it has one, has to be brought into their form.

// isDeltaFixed reports whether a column chunk is such a one.
func isDeltaFixed(descr *schema.Column, chunk *metadata.ColumnChunkMetaData) bool {
	return descr.PhysicalType() == parquet.Types.FixedLenByteArray &&
		slices.Contains(chunk.Encodings(), parquet.Encodings.DeltaByteArray)
}

// asBytes returns a column as one whose values have a length each.
func asBytes(c *schema.Column) (*schema.Column, error) {
	node, err := schema.NewPrimitiveNode(c.Name(), c.SchemaNode().RepetitionType(), parquet.Types.ByteArray, -1, 0)
	if err != nil {
		return nil, unsupported("%w", err)
	}
	return schema.NewColumn(node, c.MaxDefinitionLevel(), c.MaxRepetitionLevel()), nil
}

// withLengths returns a dictionary of values of width bytes as one of values with a length each.
func withLengths(p *file.DictionaryPage, width int) *file.DictionaryPage {
	n, b := int(p.NumValues()), p.Data()
	out := make([]byte, 0, n*(4+width))
	for i := range n {
		out = binary.LittleEndian.AppendUint32(out, uint32(width))
		out = append(out, b[i*width:(i+1)*width]...)
	}
	return file.NewDictionaryPage(memory.NewBufferBytes(out), int32(n), parquet.Encodings.Plain)
}
