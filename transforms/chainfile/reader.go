package chainfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

const (
	chunkRows  = 256     // rows of a chunk, at most
	chunkBytes = 1 << 20 // bytes of text after which a chunk ends early
	stepRows   = 32      // rows read before the bytes are looked at
)

// ErrNoTextColumn is wrapped by Open for a file without the text column.
var ErrNoTextColumn = errors.New("no text column")

// Chunk is some consecutive rows of a chains file.
type Chunk struct {
	Rows  int
	Texts []string          // one for each row; a null text is an empty one
	Kept  [][]parquet.Value // one slice for each kept column, one value for each row
}

// Reader reads one chains file from front to back.
type Reader struct {
	Rows    int64     // rows in the file
	Size    int64     // bytes
	ModTime time.Time // as it was when the file was opened
	kept    []parquet.Field
	file    *os.File
	groups  []parquet.RowGroup
	columns []int // leaf columns to read: the text's, then the kept ones'
	cursors []*cursor
}

// Open opens a chains file. textColumn is the name of a top-level string column.
// keep names the kept columns; empty means all scalar ones.
func Open(path, textColumn string, keep []string) (r *Reader, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error is the one to tell
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	if info.Size() == 0 {
		return nil, errors.New("the file is empty (0 bytes)")
	}
	pf, err := parquet.OpenFile(f, info.Size(), parquet.SkipBloomFilters(true), parquet.SkipPageIndex(true))
	if err != nil {
		return nil, fmt.Errorf("not a readable Parquet file: %w", err)
	}
	r = &Reader{Rows: pf.NumRows(), Size: info.Size(), ModTime: info.ModTime(), file: f, groups: pf.RowGroups()}
	if err := r.choose(pf.Schema(), textColumn, keep); err != nil {
		return nil, err
	}
	return r, nil
}

// choose finds the text column and the kept columns in the schema.
func (r *Reader) choose(schema *parquet.Schema, textColumn string, keep []string) error {
	var names []string
	for _, field := range schema.Fields() {
		names = append(names, field.Name())
		scalar := field.Leaf() && !field.Repeated()
		if field.Name() == textColumn {
			if !scalar || field.Type().Kind() != parquet.ByteArray {
				return fmt.Errorf("column %q is not a string column", textColumn)
			}
			continue
		}
		if scalar && (len(keep) == 0 || slices.Contains(keep, field.Name())) {
			r.kept = append(r.kept, field)
		}
	}
	if !slices.Contains(names, textColumn) {
		return fmt.Errorf("%w %q; the file has %s (--text_column chooses another)", ErrNoTextColumn, textColumn, strings.Join(names, ", "))
	}
	for _, name := range append([]string{textColumn}, fieldNames(r.kept)...) {
		leaf, ok := schema.Lookup(name)
		if !ok {
			return fmt.Errorf("column %q cannot be read", name)
		}
		r.columns = append(r.columns, leaf.ColumnIndex)
	}
	return nil
}

// Next returns the next rows, io.EOF after the last.
func (r *Reader) Next() (Chunk, error) {
	for {
		if r.cursors == nil {
			if len(r.groups) == 0 {
				return Chunk{}, io.EOF
			}
			chunks := r.groups[0].ColumnChunks()
			r.groups = r.groups[1:]
			for _, c := range r.columns {
				r.cursors = append(r.cursors, &cursor{pages: chunks[c].Pages()})
			}
		}
		chunk, err := r.read()
		if err != nil {
			return Chunk{}, err
		}
		if chunk.Rows > 0 {
			return chunk, nil
		}
		if err := r.closeGroup(); err != nil {
			return Chunk{}, err
		}
	}
}

func (r *Reader) read() (Chunk, error) {
	var chunk Chunk
	size := 0
	for len(chunk.Texts) < chunkRows && size < chunkBytes {
		values, err := r.cursors[0].next(nil, stepRows)
		if err != nil {
			return Chunk{}, fmt.Errorf("reading the text column: %w", err)
		}
		for _, v := range values {
			text := ""
			if !v.IsNull() {
				text = string(v.ByteArray())
			}
			chunk.Texts = append(chunk.Texts, text)
			size += len(text)
		}
		if len(values) < stepRows {
			break
		}
	}
	chunk.Rows = len(chunk.Texts)
	chunk.Kept = make([][]parquet.Value, len(r.kept))
	for i, cur := range r.cursors[1:] {
		values, err := cur.next(nil, chunk.Rows)
		if err == nil && len(values) != chunk.Rows {
			err = errors.New("it has fewer rows than the text column")
		}
		if err != nil {
			return Chunk{}, fmt.Errorf("reading the column %q: %w", r.kept[i].Name(), err)
		}
		chunk.Kept[i] = values
	}
	return chunk, nil
}

func (r *Reader) closeGroup() error {
	var errs []error
	for _, c := range r.cursors {
		errs = append(errs, c.close())
	}
	r.cursors = nil
	return errors.Join(errs...)
}

// Close closes the file.
func (r *Reader) Close() error {
	return errors.Join(r.closeGroup(), r.file.Close())
}

func fieldNames(fields []parquet.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name()
	}
	return names
}
