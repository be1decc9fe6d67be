package guard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const (
	magic      = "PAR1"
	tailBytes  = 8 // of a file: the footer's length, then the magic
	leastBytes = int64(len(magic) + tailBytes)
)

// Open opens a Parquet file of size bytes whose footer the library can read without
// harm: it is there, its lists are as long as they say, and nothing in it lies
// outside of the file.
func Open(r io.ReaderAt, size int64) (f *parquet.File, err error) {
	defer Contain(&err, "its schema contradicts itself")
	if err := checkFooter(r, size); err != nil {
		return nil, err
	}
	f, err = parquet.OpenFile(r, size, parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, damaged("%w", err)
	}
	return f, checkMetadata(f, size)
}

func checkFooter(r io.ReaderAt, size int64) error {
	if size == 0 {
		return errors.New("the file is empty (0 bytes)")
	}
	head, tail := make([]byte, len(magic)), make([]byte, tailBytes)
	if size < leastBytes {
		return fmt.Errorf("no Parquet file: it has %d bytes", size)
	}
	if _, err := r.ReadAt(head, 0); err != nil {
		return fmt.Errorf("reading its beginning: %w", err)
	}
	if _, err := r.ReadAt(tail, size-tailBytes); err != nil {
		return fmt.Errorf("reading its end: %w", err)
	}
	switch end := string(tail[4:]); {
	case string(head) == "PARE" || end == "PARE":
		return errors.New("the file is encrypted")
	case string(head) != magic:
		return errors.New("no Parquet file: it does not begin with PAR1")
	case end != magic:
		return damaged("it does not end with PAR1, as a whole Parquet file does: it was cut off, or is still being written")
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > size-leastBytes {
		return damaged("its footer would have %d bytes, the file has %d", length, size)
	}
	if length > maxFooterBytes {
		return tooLarge("its footer has %d bytes, at most %d are read", length, maxFooterBytes)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-tailBytes-length); err != nil {
		return fmt.Errorf("reading its footer: %w", err)
	}
	c := compact{b: footer}
	if err := c.skip(kindStruct, 0); errors.Is(err, errShort) {
		return damaged("its footer says more than it holds")
	} else if err != nil {
		return err
	}
	return nil
}

// checkMetadata holds what a footer says against itself and the file's size.
func checkMetadata(f *parquet.File, size int64) error {
	m := f.Metadata()
	var leaves []format.SchemaElement
	for _, e := range m.Schema {
		if e.Type.Valid {
			leaves = append(leaves, e)
		}
	}
	rows := int64(0)
	for i, g := range m.RowGroups {
		if g.NumRows < 0 {
			return damaged("row group %d has %d rows", i, g.NumRows)
		}
		rows += g.NumRows
		for j, c := range g.Columns { // the library has seen that there is one for each leaf
			err := checkChunk(&c.MetaData, size)
			if err == nil && c.MetaData.Type != leaves[j].Type.V {
				err = damaged("the column %q is %s in the schema and %s in the row group", leaves[j].Name, leaves[j].Type.V, c.MetaData.Type)
			}
			if err != nil {
				return fmt.Errorf("row group %d: %w", i, err)
			}
		}
	}
	if rows != m.NumRows {
		return damaged("its footer says %d rows, its row groups have %d", m.NumRows, rows)
	}
	return nil
}

func checkChunk(c *format.ColumnMetaData, size int64) error {
	start, length := chunkStart(c), c.TotalCompressedSize
	if start < 0 || length < 0 || start > size || length > size-start {
		return damaged("the column %q would lie outside of the file (%d bytes at %d)", columnName(c), length, start)
	}
	return nil
}

// chunkStart is where a column chunk begins, as the library sees it.
func chunkStart(c *format.ColumnMetaData) int64 {
	if c.DictionaryPageOffset != 0 {
		return c.DictionaryPageOffset
	}
	return c.DataPageOffset
}

func columnName(c *format.ColumnMetaData) string {
	if len(c.PathInSchema) == 0 {
		return ""
	}
	return c.PathInSchema[0]
}
