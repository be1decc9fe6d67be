package chainfile

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// vectorRows is how many vectors are read in one call.
const vectorRows = 256

// OutputScan says what is read of an output, or of another file that the program wrote, from front to back.
type OutputScan struct {
	// Begin is called first, with what the footer says. An error ends the scan. It may be nil.
	Begin func(Output) error
	// Group is called before the rows of a row group are read. Their columns follow in the order of the file.
	Group func(first, rows int64)
	// Columns maps the names of scalar columns to functions that are called for each value. A column
	// that the output does not have is skipped. The cell is valid during the call.
	Columns map[string]func(row int64, c Cell)
	// Vectors is called with some consecutive vectors, [rows × dimension], of which the first belongs to row.
	// They are valid during the call. If it is nil, vectors are not read.
	Vectors func(row int64, vectors []float32) error
	Memory  *Memory // for the pages, shared with other scans
}

// Scan reads an output whose vectors have one dimension.
func (s OutputScan) Scan(at rooted.Path, dimension int) (err error) {
	var file *parquetread.File
	var found Output
	f, err := openFooter(at, func(pf *parquetread.File) error {
		file = pf
		return found.read(pf)
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if s.Begin != nil {
		if err := s.Begin(found); err != nil {
			return err
		}
	}
	row := int64(0)
	for group := range file.RowGroups() {
		if err := s.group(file, group, dimension, row); err != nil {
			return fmt.Errorf("reading the output %s: %w", at.Path, err)
		}
		row += file.GroupRows(group)
	}
	return nil
}

func (s OutputScan) group(file *parquetread.File, group, dimension int, first int64) error {
	s.Group(first, file.GroupRows(group))
	var vectors *parquetread.Column
	for _, c := range file.Columns() {
		if take := s.Columns[c.Name]; take != nil && c.Flat {
			if err := s.column(file, group, c, first, take); err != nil {
				return fmt.Errorf("column %q: %w", c.Name, err)
			}
		}
		if c.Name == EmbeddingColumn {
			vectors = &c
		}
	}
	if s.Vectors == nil {
		return nil
	}
	if vectors == nil {
		return deadletter.Damaged.Errorf("it has no column %q", EmbeddingColumn)
	}
	chunk, need, err := file.FloatLists(group, *vectors, dimension)
	if err != nil {
		return fmt.Errorf("column %q: %w", EmbeddingColumn, err)
	}
	held := s.Memory.take(need, func(wait func()) { wait() })
	defer s.Memory.give(held)
	floats := make([]float32, vectorRows*dimension)
	for row := int64(0); row < file.GroupRows(group); row += vectorRows {
		n, err := chunk.Floats(floats)
		if err == nil && n != int(min(vectorRows, file.GroupRows(group)-row))*dimension {
			err = deadletter.Damaged.Errorf("it has fewer vectors than rows")
		}
		if err != nil {
			return fmt.Errorf("column %q: %w", EmbeddingColumn, err)
		}
		if err := s.Vectors(first+row, floats[:n]); err != nil {
			return err
		}
	}
	return nil
}

func (s OutputScan) column(file *parquetread.File, group int, c parquetread.Column, row int64, take func(int64, Cell)) error {
	chunk, need, err := file.Chunk(group, c)
	if err != nil {
		return err
	}
	held := s.Memory.take(need, func(wait func()) { wait() })
	defer s.Memory.give(held)
	_, err = chunk.Each(int(file.GroupRows(group)), func(v parquet.Value) error {
		take(row, Cell{c, v})
		row++
		return nil
	})
	return err
}

// ErrNoRow is wrapped by the error of ReadRow if the file has fewer rows.
var ErrNoRow = errors.New("it has no such row")

// ReadRow returns the cells of one row of a file, by the names of scalar columns. Columns that the
// file does not have are not among them. It reads only the headers of the pages before the row.
func ReadRow(at rooted.Path, row int64, names ...string) (cells map[string]Cell, err error) {
	var file *parquetread.File
	f, err := openFooter(at, func(pf *parquetread.File) error {
		file = pf
		return nil
	})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	group := 0
	for ; group < file.RowGroups() && row >= file.GroupRows(group); group++ {
		row -= file.GroupRows(group)
	}
	if row < 0 || group == file.RowGroups() {
		return nil, fmt.Errorf("reading a row of %s: %w", at.Path, ErrNoRow)
	}
	cells = map[string]Cell{}
	for _, c := range file.Columns() {
		if _, twice := cells[c.Name]; twice || !c.Flat || !slices.Contains(names, c.Name) {
			continue
		}
		chunk, _, err := file.Chunk(group, c)
		if err == nil {
			err = chunk.Skip(row)
		}
		if err == nil {
			_, err = chunk.Each(1, func(v parquet.Value) error {
				cells[c.Name] = Cell{c, v.Clone()}
				return nil
			})
		}
		if err != nil {
			return nil, fmt.Errorf("reading a row of %s: column %q: %w", at.Path, c.Name, err)
		}
	}
	return cells, nil
}
