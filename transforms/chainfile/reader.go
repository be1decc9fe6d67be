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
	"github.com/threadloom/threadloom/transforms/chainfile/guard"
	"github.com/threadloom/threadloom/transforms/rooted"
)

const (
	chunkRows  = 256     // rows of a chunk, at most
	chunkBytes = 1 << 20 // bytes of text after which a chunk ends early
	stepRows   = 32      // rows read before the bytes are looked at
	// textBytes is what is taken of a text: more than anybody reads of it, so that who
	// cuts it shorter still sees that it was longer.
	textBytes = 1<<20 + 4
	// keptBytes is the most that the kept values of a chunk may take together.
	keptBytes = 64 << 20
)

// ErrNoTextColumn is wrapped by Open for a file without the text column.
var ErrNoTextColumn = errors.New("no text column")

// Chunk is some consecutive rows of a chains file.
type Chunk struct {
	Rows  int
	Texts []string          // one for each row, cut at textBytes; a null text is an empty one
	Kept  [][]parquet.Value // one slice for each kept column, one value for each row
}

// Reader reads one chains file from front to back.
type Reader struct {
	Rows    int64     // rows in the file
	Size    int64     // bytes
	ModTime time.Time // as it was when the file was opened
	// Idle is called with what Next waits for, if it waits for memory that the pages of
	// other files take: nobody must wait for this file meanwhile.
	Idle    func(wait func())
	kept    []parquet.Field
	at      rooted.Path
	file    *os.File
	parquet *parquet.File
	pages   guard.Pages
	group   int               // the next row group
	columns []*parquet.Column // to read: the text's, then the kept ones'
	cursors []*cursor
	held    int64 // of the memory for pages
}

// Open opens a chains file. textColumn is the name of a top-level string column.
// keep names the kept columns; empty means all scalar ones.
func Open(at rooted.Path, textColumn string, keep []string) (r *Reader, err error) {
	f, err := at.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error is the one to tell
		}
	}()
	defer guard.Contain(&err, "its schema contradicts itself")
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	pf, err := guard.Open(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("not a readable Parquet file: %w", err)
	}
	r = &Reader{Rows: pf.NumRows(), Size: info.Size(), ModTime: info.ModTime(), at: at, file: f, parquet: pf, Idle: func(wait func()) { wait() }}
	r.pages = guard.Pages{File: pf, From: f, Size: info.Size()}
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
		r.columns = append(r.columns, r.parquet.Root().Column(name))
	}
	return nil
}

// Next returns the next rows, io.EOF after the last.
func (r *Reader) Next() (chunk Chunk, err error) {
	defer guard.Contain(&err, "the content of its pages does not fit together")
	for {
		if r.cursors == nil {
			if r.group == len(r.parquet.RowGroups()) {
				return Chunk{}, io.EOF
			}
			if err := r.openGroup(); err != nil {
				return Chunk{}, err
			}
		}
		if chunk, err = r.read(); err != nil {
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

// openGroup opens the next row group once its pages have been looked at and there is
// memory for them.
func (r *Reader) openGroup() error {
	bytes, err := r.pages.Check(r.group, r.columns)
	if err != nil {
		return err
	}
	r.held = pageMemory.take(bytes, r.Idle)
	chunks := r.parquet.RowGroups()[r.group].ColumnChunks()
	for _, c := range r.columns {
		r.cursors = append(r.cursors, &cursor{pages: chunks[c.Index()].Pages()})
	}
	r.group++
	return nil
}

func (r *Reader) read() (Chunk, error) {
	var chunk Chunk
	for size := 0; len(chunk.Texts) < chunkRows && size < chunkBytes; {
		before := len(chunk.Texts)
		err := r.cursors[0].each(stepRows, func(v parquet.Value) error {
			text := ""
			if !v.IsNull() {
				text = cut(v.ByteArray())
			}
			chunk.Texts = append(chunk.Texts, text)
			size += len(text)
			return nil
		})
		if err != nil {
			return Chunk{}, fmt.Errorf("reading the text column: %w", err)
		}
		if len(chunk.Texts)-before < stepRows {
			break
		}
	}
	chunk.Rows = len(chunk.Texts)
	chunk.Kept = make([][]parquet.Value, len(r.kept))
	size := 0
	for i, cur := range r.cursors[1:] {
		values := make([]parquet.Value, 0, chunk.Rows)
		err := cur.each(chunk.Rows, func(v parquet.Value) error {
			if size += valueBytes(v); size > keptBytes {
				return fmt.Errorf("its values are too large: %d rows have more than %d MB (--keep leaves columns out)", chunk.Rows, keptBytes>>20)
			}
			values = append(values, v.Clone())
			return nil
		})
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

// cut copies a text, or as much of it as is taken.
func cut(text []byte) string { return string(text[:min(len(text), textBytes)]) }

// valueBytes is the memory of a value beside the Value itself.
func valueBytes(v parquet.Value) int {
	if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
		return len(v.ByteArray())
	}
	return 0
}

func (r *Reader) closeGroup() error {
	var errs []error
	for _, c := range r.cursors {
		errs = append(errs, c.close())
	}
	r.cursors = nil
	pageMemory.give(r.held)
	r.held = 0
	return errors.Join(errs...)
}

// Unchanged fails if the file was written to or replaced since Open: what was read may
// be half of each. One that was deleted is whole.
func (r *Reader) Unchanged() error {
	info, err := r.file.Stat()
	if err != nil {
		return fmt.Errorf("looking at the chains file again: %w", err)
	}
	now, err := r.at.Stat()
	if info.Size() != r.Size || !info.ModTime().Equal(r.ModTime) || err == nil && !os.SameFile(info, now) {
		return errors.New("the file was changed while it was read; the next run reads it again")
	}
	return nil
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
