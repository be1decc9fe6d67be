package chainfile

import (
	"errors"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// OutputChunk is some consecutive rows of an output.
type OutputChunk struct {
	Rows      int
	Kept      [][]parquet.Value // one slice for each kept column, one value for each row
	Tokens    []parquet.Value
	Truncated []parquet.Value
	Vectors   []float32 // [Rows × dimension]
}

// OutputReader reads one output from front to back.
type OutputReader struct {
	Output

	kept    []parquet.Field
	file    *os.File
	parquet *parquet.File
	columns []*leafReader // the kept ones, tokens, truncated, the vectors' floats
	floats  []parquet.Value
}

// OpenOutput opens an output and reads its footer. Where there is no such file the error
// is fs.ErrNotExist. FindColumns comes before the rows.
func OpenOutput(at rooted.Path) (*OutputReader, error) {
	r := &OutputReader{}
	f, err := openFooter(at, r.read)
	if err != nil {
		return nil, err
	}
	r.file = f
	info, err := f.Stat()
	if err == nil {
		r.parquet, err = parquet.OpenFile(f, info.Size())
	}
	return r, err
}

// FindColumns finds the columns of an output, and fails where others are there.
func (r *OutputReader) FindColumns() error {
	schema := r.parquet.Schema()
	names := []string{}
	for _, field := range schema.Fields() {
		if !ours(field.Name()) {
			if !field.Leaf() || field.Repeated() {
				return fmt.Errorf("the column %q is not of an output", field.Name())
			}
			r.kept = append(r.kept, field)
			names = append(names, field.Name())
		}
	}
	for _, name := range append(names, TokensColumn, TruncatedColumn, EmbeddingColumn) {
		index, err := onlyLeaf(schema, name)
		if err != nil {
			return err
		}
		r.columns = append(r.columns, &leafReader{groups: r.parquet.RowGroups(), index: index})
	}
	return nil
}

// onlyLeaf returns the index of the one leaf of a top-level column.
func onlyLeaf(schema *parquet.Schema, name string) (int, error) {
	found := -1
	for i, path := range schema.Columns() {
		if path[0] != name {
			continue
		}
		if found >= 0 {
			return 0, fmt.Errorf("the column %q is not of an output", name)
		}
		found = i
	}
	if found < 0 {
		return 0, fmt.Errorf("it has no column %q", name)
	}
	return found, nil
}

// Kept returns the names of the kept columns.
func (r *OutputReader) Kept() []string { return fieldNames(r.kept) }

func fieldNames(fields []parquet.Field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name()
	}
	return names
}

// Next returns the next n rows, or fails. The chunk is only valid until the next call.
func (r *OutputReader) Next(n int) (c OutputChunk, err error) {
	c.Rows = n
	values := make([][]parquet.Value, len(r.columns)-1)
	for i := range values {
		if values[i], err = r.columns[i].next(nil, n); err != nil {
			return c, fmt.Errorf("reading a column of the output: %w", err)
		}
		if len(values[i]) != n {
			return c, errors.New("a column of the output has fewer rows than the footer says")
		}
	}
	k := len(r.kept)
	c.Kept, c.Tokens, c.Truncated = values[:k], values[k], values[k+1]
	r.floats, err = r.columns[k+2].next(r.floats[:0], n*r.Fingerprint.Dimension)
	if err != nil {
		return c, fmt.Errorf("reading the vectors: %w", err)
	}
	c.Vectors, err = vectors(r.floats, n, r.Fingerprint.Dimension)
	return c, err
}

// vectors returns the floats of n lists of dimension floats each.
func vectors(values []parquet.Value, n, dimension int) ([]float32, error) {
	floats := make([]float32, 0, n*dimension)
	for i, v := range values {
		begins := v.RepetitionLevel() == 0
		if begins != (i%dimension == 0) {
			return nil, fmt.Errorf("a vector has not %d floats", dimension)
		}
		if v.IsNull() || v.Kind() != parquet.Float {
			return nil, errors.New("a vector holds something that is no float32")
		}
		floats = append(floats, v.Float())
	}
	if len(floats) != n*dimension {
		return nil, fmt.Errorf("a vector has not %d floats", dimension)
	}
	return floats, nil
}

// End fails where there is more in the file than was read.
func (r *OutputReader) End() error {
	for _, c := range r.columns {
		rest, err := c.next(nil, 1)
		if err != nil {
			return fmt.Errorf("reading a column of the output: %w", err)
		}
		if len(rest) > 0 {
			return errors.New("a column of the output has more rows than the footer says")
		}
	}
	return nil
}

// Close closes the file.
func (r *OutputReader) Close() error {
	var errs []error
	for _, c := range r.columns {
		errs = append(errs, c.close())
	}
	return errors.Join(append(errs, r.file.Close())...)
}

// Row is one row of an output, without the kept columns.
type Row struct {
	Tokens    int32
	Truncated bool
	Vector    []float32
}

// Row returns row i of the chunk.
func (c OutputChunk) Row(i int) Row {
	d := len(c.Vectors) / c.Rows
	return Row{Tokens: c.Tokens[i].Int32(), Truncated: c.Truncated[i].Boolean(), Vector: c.Vectors[i*d : (i+1)*d]}
}
