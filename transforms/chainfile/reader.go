package chainfile

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/rooted"
)

const (
	chunkRows  = 256     // rows of a chunk, at most
	chunkBytes = 1 << 20 // bytes of text after which a chunk ends early
	stepRows   = 32      // rows read before the bytes are looked at
	// textBytes is how much of a text is kept: more than a model reads, so that code which
	// cuts the text shorter still sees that it was longer.
	textBytes = 1<<20 + 4
	// keptBytes is the most that the kept values of a chunk may take together.
	keptBytes = 64 << 20
)

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
	// Memory is for the pages. Several readers may share one; Open gives each reader its own.
	Memory *Memory
	// If Next must wait for memory that the pages of other files take, it calls Idle, which must
	// call wait. Nothing may wait for this file meanwhile.
	Idle    func(wait func())
	text    parquetread.Column
	kept    []keptColumn
	at      rooted.Path
	file    *os.File
	parquet *parquetread.File
	group   int                  // the next row group
	chunks  []*parquetread.Chunk // of the open row group: the text's, then the kept ones'
	held    int64                // of the memory for pages
	digest  hash.Hash            // of the texts so far
}

// Open opens a chains file. textColumn is the name of its only text column. keep names the
// kept columns; empty means all scalar ones.
func Open(at rooted.Path, textColumn string, keep []string) (*Reader, error) {
	f, info, pf, err := open(at)
	if err != nil {
		return nil, err
	}
	r := &Reader{
		Rows: pf.Rows, Size: info.Size(), ModTime: info.ModTime(), at: at, file: f, parquet: pf,
		Idle: func(wait func()) { wait() }, digest: sha256.New(), Memory: NewMemory(),
	}
	if err := r.choose(textColumn, keep); err != nil {
		_ = f.Close() // the first error is reported
		return nil, err
	}
	return r, nil
}

// open opens a chains file and reads its footer.
func open(at rooted.Path) (f *os.File, info os.FileInfo, pf *parquetread.File, err error) {
	if f, err = at.Open(); err != nil {
		return nil, nil, nil, deadletter.OfPath(err, deadletter.CannotOpen).Errorf("opening the chains file: %w", err)
	}
	if info, err = f.Stat(); err != nil {
		err = deadletter.CannotOpen.Errorf("opening the chains file: %w", err)
	} else if pf, err = parquetread.Open(f, info.Size()); err != nil {
		err = fmt.Errorf("not a readable Parquet file: %w", err)
	}
	if err != nil {
		_ = f.Close() // the first error is reported
	}
	return f, info, pf, err
}

// Columns returns the names of the scalar columns of a chains file, the text column among
// them. It reads the footer only.
func Columns(at rooted.Path) (names []string, err error) {
	f, _, pf, err := open(at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	for _, c := range pf.Columns() {
		if c.Flat {
			names = append(names, c.Name)
		}
	}
	return names, nil
}

// choose finds the text column and the kept columns.
func (r *Reader) choose(textColumn string, keep []string) error {
	var names []string
	texts := 0
	for _, c := range r.parquet.Columns() {
		names = append(names, c.Name)
		if c.Name == textColumn {
			r.text = c
			texts++
		}
	}
	switch {
	case texts == 0:
		return deadletter.NoTextColumn.Errorf("no text column %q; the file has %s (--text_column chooses another)", textColumn, strings.Join(names, ", "))
	case texts > 1:
		return deadletter.AmbiguousTextColumn.Errorf("%d columns are called %q: rename all but one", texts, textColumn)
	case !holdsTexts(r.text):
		return deadletter.TextColumnType.Errorf("column %q is not a string column", textColumn)
	}
	r.kept = keptColumns(r.parquet.Columns(), textColumn, keep)
	return nil
}

// holdsTexts reports whether a column's values are texts, or are all null and might have been texts.
func holdsTexts(c parquetread.Column) bool {
	switch c.Logical.(type) {
	case *format.NullType:
		return c.Flat
	case nil, *format.StringType, *format.EnumType, *format.JsonType:
		return c.Flat && c.Physical == format.ByteArray
	}
	return false
}

// keptColumns returns the columns that go to the output. If several have one name the first
// is kept: most readers open no file in which two columns share a name.
func keptColumns(columns []parquetread.Column, textColumn string, names []string) (kept []keptColumn) {
	seen := map[string]bool{textColumn: true}
	for _, c := range columns {
		if c.Flat && !seen[c.Name] && !ours(c.Name) && (len(names) == 0 || slices.Contains(names, c.Name)) {
			seen[c.Name] = true
			kept = append(kept, keep(c))
		}
	}
	return kept
}

// Next returns the next rows, io.EOF after the last.
func (r *Reader) Next() (chunk Chunk, err error) {
	for {
		if r.chunks == nil {
			if r.group == r.parquet.RowGroups() {
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
		r.closeGroup()
	}
}

// openGroup opens the next row group once there is memory for its pages.
func (r *Reader) openGroup() error {
	columns := []parquetread.Column{r.text}
	for _, k := range r.kept {
		columns = append(columns, k.source)
	}
	var chunks []*parquetread.Chunk
	bytes := int64(0)
	for _, c := range columns {
		chunk, need, err := r.parquet.Chunk(r.group, c)
		if err != nil {
			return fmt.Errorf("column %q: %w", c.Name, err)
		}
		bytes += need
		chunks = append(chunks, chunk)
	}
	r.held = r.Memory.take(bytes, r.Idle)
	r.chunks = chunks
	r.group++
	return nil
}

func (r *Reader) read() (chunk Chunk, err error) {
	for size := 0; len(chunk.Texts) < chunkRows && size < chunkBytes; {
		n, err := r.chunks[0].Each(stepRows, func(v parquet.Value) error {
			text := r.cut(v)
			chunk.Texts = append(chunk.Texts, text)
			size += len(text)
			return nil
		})
		if err != nil {
			return Chunk{}, fmt.Errorf("reading the text column: %w", err)
		}
		if n < stepRows {
			break
		}
	}
	chunk.Rows = len(chunk.Texts)
	chunk.Kept, err = r.readKept(chunk.Rows)
	return chunk, err
}

// readKept reads the kept values of the next rows.
func (r *Reader) readKept(rows int) (kept [][]parquet.Value, err error) {
	size := 0
	for i := range r.kept {
		k := &r.kept[i]
		values := make([]parquet.Value, 0, rows)
		n, err := r.chunks[i+1].Each(rows, func(v parquet.Value) (err error) {
			if size += valueBytes(v); size > keptBytes {
				return deadletter.ValueTooLarge.Errorf("its values are too large: %d rows have more than %d MB (to leave the column out, list the others in --keep)", rows, keptBytes>>20)
			}
			if k.convert != nil && !v.IsNull() {
				if v, err = k.convert(v); err != nil {
					return err
				}
			}
			values = append(values, v.Clone())
			return nil
		})
		if err == nil && n != rows {
			err = deadletter.Damaged.Errorf("it has fewer rows than the text column")
		}
		if err != nil {
			return nil, fmt.Errorf("reading the column %q: %w", k.source.Name, err)
		}
		kept = append(kept, values)
	}
	return kept, nil
}

// cut copies a text, up to textBytes of it.
func (r *Reader) cut(v parquet.Value) string {
	text := ""
	if _, nothing := r.text.Logical.(*format.NullType); !v.IsNull() && !nothing {
		text = string(v.ByteArray()[:min(len(v.ByteArray()), textBytes)])
	}
	r.digest.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(text))))
	io.WriteString(r.digest, text) //nolint:errcheck // a hash never fails
	return text
}

// TextsSHA256 returns the hash of the texts read so far, each after its length in four
// bytes, little endian: an audit reads them with another library and compares.
func (r *Reader) TextsSHA256() string { return hex.EncodeToString(r.digest.Sum(nil)) }

// valueBytes is the memory of a value in addition to the Value itself.
func valueBytes(v parquet.Value) int {
	if k := v.Kind(); k == parquet.ByteArray || k == parquet.FixedLenByteArray {
		return len(v.ByteArray())
	}
	return 0
}

func (r *Reader) closeGroup() {
	r.chunks = nil
	r.Memory.give(r.held)
	r.held = 0
}

// Unchanged fails if the file was written to or replaced since Open, because what was read may
// be partly old and partly new. If the file was deleted, what was read is all from one version.
func (r *Reader) Unchanged() error {
	info, err := r.file.Stat()
	if err != nil {
		return deadletter.CannotRead.Errorf("looking at the chains file again: %w", err)
	}
	now, err := r.at.Stat()
	if info.Size() != r.Size || !info.ModTime().Equal(r.ModTime) || err == nil && !os.SameFile(info, now) {
		return deadletter.ChangedWhileRead.Errorf("the file was changed while it was read; the next run reads it again")
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error {
	r.closeGroup()
	return r.file.Close()
}
