package audit

import (
	"fmt"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

const (
	batchRows  = 256      // the most values in one read
	batchBytes = 64 << 20 // bytes that they may take beyond those of their page
)

// column reads one flat column from front to back.
type column struct {
	from  *File
	leaf  int
	descr *schema.Column
	kind  meaning
	rows  int64 // read so far

	group int // the next row group
	pages *checkedPages
	chunk file.ColumnChunkReader
	defs  []int16
	cells []cell
	batch batches
}

// batches are the values of a batch, in one of the types.
type batches struct {
	bools   []bool
	int32s  []int32
	int64s  []int64
	int96s  []parquet.Int96
	floats  []float32
	doubles []float64
	bytes   []parquet.ByteArray
	fixed   []parquet.FixedLenByteArray
}

func (f *File) column(leaf int) *column {
	descr := f.parquet.MetaData().Schema.Column(leaf)
	return &column{from: f, leaf: leaf, descr: descr, kind: meaningOf(descr), defs: make([]int16, batchRows)}
}

// next returns the next values, none after the last. They are valid until the next call.
func (c *column) next() (cells []cell, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("reading the column %q: %w", c.descr.Name(), err)
		}
	}()
	defer contain(&err)
	for {
		if c.chunk == nil {
			if c.group == c.from.parquet.NumRowGroups() {
				if c.rows != c.from.Rows {
					return nil, damaged("it has %d rows, the footer says %d", c.rows, c.from.Rows)
				}
				return nil, nil
			}
			if c.chunk, c.pages, err = c.from.open(c.group, c.leaf); err != nil {
				return nil, err
			}
			c.group++
		}
		if cells, err = c.read(); err != nil || len(cells) > 0 {
			c.rows += int64(len(cells))
			return cells, err
		}
		if err := c.close(); err != nil {
			return nil, err
		}
	}
}

// each calls visit for all values of a column of the output, with the numbers of their rows.
func (c *column) each(visit func(row int64, x cell) error) error {
	for {
		cells, err := c.next()
		if err != nil || len(cells) == 0 {
			return ofOutput(err)
		}
		for i, x := range cells {
			if err := visit(c.rows-int64(len(cells)-i), x); err != nil {
				return err
			}
		}
	}
}

// open opens a column of a row group.
func (f *File) open(group, leaf int) (file.ColumnChunkReader, *checkedPages, error) {
	row := f.parquet.RowGroup(group)
	meta, err := row.MetaData().ColumnChunk(leaf)
	if err != nil {
		return nil, nil, damaged("%w", err)
	}
	if !known(meta.Compression()) {
		return nil, nil, unsupported("the compression %s", meta.Compression())
	}
	inner, err := row.GetColumnPageReader(leaf)
	if err != nil {
		return nil, nil, damaged("%w", err)
	}
	descr := f.parquet.MetaData().Schema.Column(leaf)
	pages := &checkedPages{PageReader: inner, descr: descr, growth: &f.growth, mend: mendFor(descr, meta)}
	if pages.mend != nil {
		if descr, err = pages.mend.as(descr); err != nil {
			return nil, nil, err
		}
	}
	//nolint:staticcheck // there is no other way to look at a page before it is decoded
	return file.NewColumnReader(descr, pages, f.memory, f.parquet.BufferPool()), pages, nil
}

func (c *column) close() error {
	if c.chunk == nil {
		return nil
	}
	err := c.chunk.Close()
	c.chunk = nil
	return err
}

// abandon closes a column that need not be read to its end.
func (c *column) abandon() { _ = c.close() } // it was only read

// size returns how many values are read at once, so that they take no more than batchBytes.
func (c *column) size() int64 {
	if !c.chunk.HasNext() {
		return 0
	}
	each := c.pages.shared
	if c.descr.PhysicalType() == parquet.Types.FixedLenByteArray {
		each = max(each, int64(c.descr.TypeLength()))
	}
	return max(1, min(batchRows, batchBytes/max(1, each)))
}

// read returns the next values of the page.
func (c *column) read() ([]cell, error) {
	size := c.size()
	if size == 0 {
		return nil, c.chunk.Err()
	}
	b, decimal := &c.batch, c.kind.name == "DECIMAL"
	switch r := c.chunk.(type) {
	case *file.BooleanColumnChunkReader:
		return batch(c, size, &b.bools, r, boolCell)
	case *file.Int32ColumnChunkReader:
		return batch(c, size, &b.int32s, r, int32Cell)
	case *file.Int64ColumnChunkReader:
		if c.descr.PhysicalType() == parquet.Types.Int32 { // see mendWide
			return batch(c, size, &b.int64s, r, func(x int64) cell { return int32Cell(int32(x)) })
		}
		return batch(c, size, &b.int64s, r, int64Cell)
	case *file.Int96ColumnChunkReader:
		return batch(c, size, &b.int96s, r, int96Cell)
	case *file.Float32ColumnChunkReader:
		return batch(c, size, &b.floats, r, floatCell)
	case *file.Float64ColumnChunkReader:
		return batch(c, size, &b.doubles, r, doubleCell)
	case *file.ByteArrayColumnChunkReader:
		if decimal {
			return batch(c, size, &b.bytes, r, func(x parquet.ByteArray) cell { return decimalCell(x) })
		}
		return batch(c, size, &b.bytes, r, bytesCell)
	case *file.FixedLenByteArrayColumnChunkReader:
		if decimal {
			return batch(c, size, &b.fixed, r, func(x parquet.FixedLenByteArray) cell { return decimalCell(x) })
		}
		return batch(c, size, &b.fixed, r, fixedCell)
	}
	return nil, unsupported("the physical type %s", c.descr.PhysicalType())
}

// pageReader reads values of one page, and says how many rows and how many values that were.
type pageReader[T any] interface {
	ReadBatchInPage(size int64, values []T, defs, reps []int16) (rows int64, present int, err error)
}

// batch reads up to size values of a page and makes cells of them.
func batch[T any](c *column, size int64, values *[]T, r pageReader[T], toCell func(T) cell) ([]cell, error) {
	if *values == nil {
		*values = make([]T, batchRows)
	}
	rows, present, err := r.ReadBatchInPage(size, *values, c.defs, nil)
	if err != nil {
		return nil, damaged("%w", err)
	}
	most, next := c.descr.MaxDefinitionLevel(), 0
	c.cells = c.cells[:0]
	for i := range rows {
		if most > 0 && c.defs[i] < most {
			c.cells = append(c.cells, cell{null: true})
			continue
		}
		if next == present {
			return nil, damaged("a page has fewer values than it says")
		}
		c.cells = append(c.cells, toCell((*values)[next]))
		next++
	}
	if next != present {
		return nil, damaged("a page has more values than rows")
	}
	if rows == 0 {
		return nil, damaged("a page ends early")
	}
	return c.cells, nil
}
