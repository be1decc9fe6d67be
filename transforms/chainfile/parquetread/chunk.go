package parquetread

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// Chunk reads the values of one column in one row group, from front to back.
type Chunk struct {
	file     *File
	column   Column
	metadata *columnMetadata
	rows     int64 // of the row group
	// The most memory that a page of values and the dictionary take, as measured.
	need, dictionaryNeed int64

	at, end    int64 // of the next page, and of all pages, in the file
	seen       int64 // values of the pages so far
	dictionary *dictionary
	// These are for the current page.
	lists    *floatLists // of a column of lists; else nil
	values   decoder
	levels   []byte // 1 for each value that is there, 0 for each null; nil: all are there
	left     int64  // values
	position int64  // of the next value
	// Buffers for pages.
	stored, plain []byte
}

// Chunk prepares to read a flat column of a row group. It first walks over the headers of its
// pages to check that they hold as many values as the row group has rows. need is how many
// bytes of memory it takes to read them.
func (f *File) Chunk(group int, column Column) (c *Chunk, need int64, err error) {
	if c, err = f.chunk(group, column); err != nil {
		return nil, 0, err
	}
	err = c.measure()
	return c, c.need + c.dictionaryNeed, err
}

func (f *File) chunk(group int, column Column) (*Chunk, error) {
	g := &f.metadata.RowGroups[group]
	stored := &g.Columns[column.leaf]
	if !stored.MetaData.Valid {
		if stored.FilePath != "" {
			return nil, deadletter.CannotOpen.Errorf("its values lie in another file, %q", stored.FilePath)
		}
		return nil, deadletter.Encrypted.Errorf("it is encrypted")
	}
	m := &stored.MetaData.V
	c := &Chunk{file: f, column: column, metadata: m, rows: g.NumRows, at: m.start()}
	// The footer comes after all pages.
	c.end = min(c.at+m.TotalCompressedSize+headerSlack, f.Size-tailBytes)
	return c, nil
}

// measure walks over the headers of all pages.
func (c *Chunk) measure() error {
	seen := int64(0)
	for at := c.at; seen < c.rows; {
		if at >= c.end {
			return damaged("its pages hold %d values, the row group has %d rows", seen, c.rows)
		}
		p, header, err := c.file.header(at, c.end-at)
		if err != nil {
			return err
		}
		if err := c.file.grow(p.need()); err != nil {
			return err
		}
		switch p.kind {
		case format.DictionaryPage:
			if c.dictionaryNeed > 0 {
				return damaged("it has two dictionaries")
			}
			c.dictionaryNeed = p.need()
		case format.DataPage, format.DataPageV2:
			c.need = max(c.need, p.need())
			seen += p.values
		case format.IndexPage: // nobody writes them, and nobody reads them
		default:
			return damaged("unknown kind of page: %d", p.kind)
		}
		at += header + p.size
	}
	if seen > c.rows {
		return damaged("its pages hold %d values, the row group has %d rows", seen, c.rows)
	}
	return nil
}

// Each calls visit for the next n values, fewer only at the end of the chunk, and returns
// how many there were. A null value is the zero Value. A value that is a byte array is
// valid only during the call.
func (c *Chunk) Each(n int, visit func(parquet.Value) error) (count int, err error) {
	defer contain(&err, "the content of its pages does not fit together")
	for ; count < n; count++ {
		for c.left == 0 {
			if err := c.nextPage(); errors.Is(err, io.EOF) {
				return count, nil
			} else if err != nil {
				return count, err
			}
		}
		var v parquet.Value
		if !c.column.Optional || c.levels == nil || c.levels[c.position] == 1 {
			if v, err = c.values.next(); err != nil {
				return count, err
			}
		}
		c.position++
		c.left--
		if err := visit(v); err != nil {
			return count, err
		}
	}
	return count, nil
}

// Skip skips the next n values. If it skips a whole page, it reads only the page's header.
func (c *Chunk) Skip(n int64) (err error) {
	defer contain(&err, "the content of its pages does not fit together")
	for n > 0 {
		if c.left > 0 {
			k, err := c.Each(int(min(n, c.left)), func(parquet.Value) error { return nil })
			if err != nil {
				return err
			}
			n -= int64(k)
			continue
		}
		if c.seen >= c.rows || c.at >= c.end {
			return damaged("its pages hold fewer than %d values", c.rows)
		}
		p, header, err := c.file.header(c.at, c.end-c.at)
		if err != nil {
			return err
		}
		if p.isData() && p.values <= n {
			c.at += header + p.size
			c.seen += p.values
			n -= p.values
			continue
		}
		if err := c.nextPage(); err != nil {
			return err
		}
	}
	return nil
}

// nextPage goes on to the next page of values. It returns io.EOF after the last.
func (c *Chunk) nextPage() error {
	if c.seen >= c.rows {
		return io.EOF
	}
	if c.at >= c.end {
		return damaged("its pages hold %d values, the row group has %d rows", c.seen, c.rows)
	}
	p, header, err := c.file.header(c.at, c.end-c.at)
	if err != nil {
		return err
	}
	at := c.at + header
	c.at = at + p.size
	switch need := p.need(); {
	case p.kind == format.DictionaryPage && need <= c.dictionaryNeed:
		if c.dictionary != nil || c.seen > 0 {
			return damaged("its dictionary is not its first page")
		}
		return c.readDictionary(p, at)
	case p.isData() && need <= c.need:
		c.seen += p.values
		return c.begin(p, at)
	case p.kind == format.IndexPage:
		return nil
	}
	return deadletter.ChangedWhileRead.Errorf("the file was changed while it was read; the next run reads it again")
}
