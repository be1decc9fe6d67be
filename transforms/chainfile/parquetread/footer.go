package parquetread

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

const (
	magic          = "PAR1"
	encryptedMagic = "PARE"
	tailBytes      = 8 // of a file: the footer's length, then the magic
	leastBytes     = int64(len(magic) + tailBytes)
)

// File is a Parquet file whose footer has been read and fits the file.
type File struct {
	Rows     int64
	Size     int64 // bytes
	from     io.ReaderAt
	metadata *metadata
	columns  []Column
	total    int64 // bytes of all pages so far, when they are decoded
}

// metadata is the part of a footer that is needed. Unlike parquet-go's format.FileMetaData
// it requires nothing else: some writers leave out what nobody reads, such as the value of
// a key.
type metadata struct {
	Schema     []element                  `thrift:"2,required"`
	NumRows    int64                      `thrift:"3,required"`
	RowGroups  []rowGroup                 `thrift:"4,required"`
	KeyValues  []keyValue                 `thrift:"5,optional"`
	Encryption format.EncryptionAlgorithm `thrift:"8,optional"`
}

type keyValue struct {
	Key   string `thrift:"1,optional"`
	Value string `thrift:"2,optional"`
}

type rowGroup struct {
	Columns []columnChunk `thrift:"1,required"`
	NumRows int64         `thrift:"3,required"`
}

type columnChunk struct {
	FilePath string                      `thrift:"1,optional"`
	MetaData thrift.Null[columnMetadata] `thrift:"3,optional"`
}

type columnMetadata struct {
	Type                 format.Type             `thrift:"1,required"`
	Codec                format.CompressionCodec `thrift:"4,required"`
	TotalCompressedSize  int64                   `thrift:"7,required"`
	DataPageOffset       int64                   `thrift:"9,required"`
	DictionaryPageOffset int64                   `thrift:"11,optional"`
}

// Open reads the footer of a Parquet file of size bytes. It fails if the footer is not
// there, contradicts itself, or names places outside of the file.
func Open(r io.ReaderAt, size int64) (f *File, err error) {
	defer contain(&err, "its schema contradicts itself")
	footer, err := readFooter(r, size)
	if err != nil {
		return nil, err
	}
	f = &File{Size: size, from: r, metadata: &metadata{}}
	reader := (&thrift.CompactProtocol{}).NewReaderFromBytes(footer)
	if err := thrift.NewDecoder(reader).Decode(f.metadata); err != nil {
		return nil, damaged("its footer cannot be read: %w", err)
	}
	f.Rows = f.metadata.NumRows
	leaves, err := f.readSchema()
	if err != nil {
		return nil, err
	}
	return f, f.checkRowGroups(leaves)
}

// readFooter returns the footer's bytes, after it has checked that their lists are as
// long as they claim.
func readFooter(r io.ReaderAt, size int64) ([]byte, error) {
	if size == 0 {
		return nil, deadletter.Empty.Errorf("the file is empty (0 bytes)")
	}
	head, tail := make([]byte, len(magic)), make([]byte, tailBytes)
	if size < leastBytes {
		return nil, deadletter.NotParquet.Errorf("no Parquet file: it has %d bytes", size)
	}
	if _, err := r.ReadAt(head, 0); err != nil {
		return nil, deadletter.CannotRead.Errorf("reading its beginning: %w", err)
	}
	if _, err := r.ReadAt(tail, size-tailBytes); err != nil {
		return nil, deadletter.CannotRead.Errorf("reading its end: %w", err)
	}
	switch end := string(tail[4:]); {
	case string(head) == encryptedMagic || end == encryptedMagic:
		return nil, deadletter.Encrypted.Errorf("the file is encrypted")
	case string(head) != magic:
		return nil, deadletter.NotParquet.Errorf("no Parquet file: it does not begin with PAR1")
	case end != magic:
		return nil, damaged("it does not end with PAR1, as a complete Parquet file does: it was cut off, or is still being written")
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > size-leastBytes {
		return nil, damaged("its footer would have %d bytes, the file has %d", length, size)
	}
	if length > maxFooterBytes {
		return nil, tooLarge("its footer has %d bytes, the limit is %d", length, maxFooterBytes)
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-tailBytes-length); err != nil {
		return nil, deadletter.CannotRead.Errorf("reading its footer: %w", err)
	}
	if err := withCode(newCompact(footer).skip(thrift.STRUCT, 0)); errors.Is(err, errShort) {
		return nil, damaged("its footer claims more than it holds")
	} else if err != nil {
		return nil, err
	}
	return footer, nil
}

// checkRowGroups checks that a footer contradicts neither itself nor the file's size. leaves
// are the physical types of all leaf columns.
func (f *File) checkRowGroups(leaves []format.Type) error {
	rows := int64(0)
	for i, g := range f.metadata.RowGroups {
		if g.NumRows < 0 {
			return damaged("row group %d has %d rows", i, g.NumRows)
		}
		rows += g.NumRows
		if len(g.Columns) != len(leaves) {
			return damaged("row group %d has %d columns, the schema has %d", i, len(g.Columns), len(leaves))
		}
		for j := range g.Columns {
			if err := f.checkChunk(&g.Columns[j], leaves[j]); err != nil {
				return damaged("row group %d: column %d: %w", i, j, err)
			}
		}
	}
	if f.Rows == 0 { // some writers never fill it in
		f.Rows = rows
	}
	if rows != f.Rows {
		return damaged("its footer says %d rows, its row groups have %d", f.Rows, rows)
	}
	return nil
}

// checkChunk leaves a column without metadata alone: it is encrypted, or lies in another
// file, and only matters if it is read.
func (f *File) checkChunk(c *columnChunk, leaf format.Type) error {
	m := &c.MetaData.V
	if !c.MetaData.Valid {
		if c.FilePath != "" || f.metadata.Encryption.Value != nil {
			return nil
		}
		return errors.New("it has no metadata")
	}
	if m.Type != leaf {
		return damaged("it is %s in the schema and %s in the row group", leaf, m.Type)
	}
	start, length := m.start(), m.TotalCompressedSize
	if m.DataPageOffset < 0 || m.DictionaryPageOffset < 0 || m.DictionaryPageOffset > f.Size ||
		length < 0 || start > f.Size || length > f.Size-start {
		return damaged("it would lie outside of the file (%d bytes at %d)", length, start)
	}
	return nil
}

// start is where a column chunk begins. Some writers give no place for the dictionary, or
// one that is not before the data.
func (m *columnMetadata) start() int64 {
	if m.DictionaryPageOffset > 0 && m.DictionaryPageOffset < m.DataPageOffset {
		return m.DictionaryPageOffset
	}
	return m.DataPageOffset
}

// Lookup returns the value of a key in the footer.
func (f *File) Lookup(key string) (value string, ok bool) {
	for _, kv := range f.metadata.KeyValues {
		if kv.Key == key {
			return kv.Value, true
		}
	}
	return "", false
}

// RowGroups returns how many row groups the file has.
func (f *File) RowGroups() int { return len(f.metadata.RowGroups) }

// grow counts bytes of pages that are about to be decoded.
func (f *File) grow(n int64) error {
	f.total += n
	if f.total > freeGrowth && f.total/maxGrowth > f.Size {
		return tooLarge("its %d bytes expand to more than %d", f.Size, f.total)
	}
	return nil
}
