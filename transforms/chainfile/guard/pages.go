package guard

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

const firstLook = 4 << 10 // bytes read at first for a page's header

// page is what the header of a page says.
type page struct {
	kind         format.PageType
	size         int64 // compressed
	expanded     int64
	values       int64
	encoding     format.Encoding
	levels       format.Encoding // of the definition levels
	nulls        int64           // version 2 only, as the next two
	levelBytes   [2]int64        // definition, repetition
	uncompressed bool            // its values are not compressed, whatever the column's codec
	known        bool            // its own kind of header was there
}

// readPage reads the header at the start of b. With errShort, more bytes may do.
func readPage(b []byte) (p page, header int, err error) {
	c := compact{b: b}
	number := func(to *int64) error {
		x, err := c.varint()
		*to = x
		return err
	}
	err = c.fields(func(id int16, kind byte) error {
		integer := kind > kindByte && kind <= kindI64
		switch {
		case integer && id == 1:
			x, err := c.varint()
			p.kind = format.PageType(x)
			return err
		case integer && id == 2:
			return number(&p.expanded)
		case integer && id == 3:
			return number(&p.size)
		case kind == kindStruct && (id == 5 || id == 7 || id == 8):
			return c.fields(func(field int16, kind byte) error { return p.own(&c, id, field, kind) })
		}
		return c.skip(kind, 1)
	})
	return p, len(b) - len(c.b), err
}

// own reads a field of the header of one kind of page: 5 data, 7 dictionary, 8 data
// of version 2.
func (p *page) own(c *compact, header, field int16, kind byte) error {
	of := map[int16]format.PageType{5: format.DataPage, 7: format.DictionaryPage, 8: format.DataPageV2}[header]
	if of != p.kind {
		return c.skip(kind, 2)
	}
	p.known = true
	if kind == kindFalse && header == 8 && field == 7 {
		p.uncompressed = true
	}
	if kind <= kindByte || kind > kindI64 {
		return c.skip(kind, 2)
	}
	x, err := c.varint()
	switch {
	case field == 1:
		p.values = x
	case header == 8 && field == 2:
		p.nulls = x
	case header == 8 && field == 4, header != 8 && field == 2:
		p.encoding = format.Encoding(x)
	case header == 8 && field >= 5 && field <= 6:
		p.levelBytes[field-5] = x
	case header == 5 && field == 3:
		p.levels = format.Encoding(x)
	}
	return err
}

// check holds a header against itself and the bytes that are left of its column.
func (p *page) check(left int64) error {
	switch {
	case p.size < 0 || p.expanded < 0 || p.values < 0 || p.nulls < 0:
		return damaged("a page has a negative size")
	case p.size > left:
		return damaged("a page would have %d bytes, %d are left", p.size, left)
	case !p.known && p.kind != format.IndexPage:
		return damaged("a page's header is incomplete")
	case p.expanded > maxPageBytes:
		return tooLarge("a page of %d bytes, at most %d are read", p.expanded, maxPageBytes)
	case p.values > maxPageValues:
		return tooLarge("a page of %d values, at most %d are read", p.values, maxPageValues)
	case p.nulls > p.values:
		return damaged("a page has %d nulls among %d values", p.nulls, p.values)
	}
	for _, n := range p.levelBytes {
		if n < 0 || n > p.size || n > p.expanded {
			return damaged("a page's levels have %d bytes, the page %d", n, p.size)
		}
	}
	return nil
}

// Pages looks at the pages of a file before they are read.
type Pages struct {
	File  *parquet.File
	From  io.ReaderAt
	Size  int64 // of the file
	total int64 // bytes of all pages so far, when they are decoded
}

// Check looks at all pages of some flat columns of a row group, and returns how many
// bytes it takes to read them: those of each column's largest page and dictionary.
func (p *Pages) Check(group int, columns []*parquet.Column) (bytes int64, err error) {
	groups := p.File.Metadata().RowGroups
	for _, c := range columns {
		chunk := &groups[group].Columns[c.Index()].MetaData
		if first := groups[0].Columns[c.Index()].MetaData.Codec; chunk.Codec != first { // the library takes the first one's for all
			return 0, fmt.Errorf("column %q: its row groups are compressed as %s and %s, which is not supported", c.Name(), first, chunk.Codec)
		}
		w := walker{Pages: p, chunk: chunk, rows: groups[group].NumRows, optional: c.Optional(), entries: -1}
		if err := w.walk(); err != nil {
			return 0, fmt.Errorf("column %q: %w", c.Name(), err)
		}
		bytes += w.peak + w.dictionary
	}
	return bytes, nil
}

// grow counts bytes of pages that are about to be decoded.
func (p *Pages) grow(n int64) error {
	p.total += n
	if p.total > freeGrowth && p.total/maxGrowth > p.Size {
		return tooLarge("its %d bytes expand to more than %d", p.Size, p.total)
	}
	return nil
}

// walker goes through the pages of one flat column of a row group.
type walker struct {
	*Pages
	chunk    *format.ColumnMetaData
	rows     int64
	optional bool

	entries           int64  // of the dictionary; -1: none was seen
	peak, dictionary  int64  // bytes
	seen              int64  // values
	compressed, plain []byte // one page
}

func (w *walker) walk() error {
	at := chunkStart(w.chunk)
	for end := at + w.chunk.TotalCompressedSize; at < end && w.seen < w.rows; {
		p, header, err := w.header(at, end-at)
		if err != nil {
			return err
		}
		at += int64(header)
		if err := p.check(end - at); err != nil {
			return err
		}
		if err := w.grow(p.size + p.expanded + 8*p.values); err != nil {
			return err
		}
		if err := w.content(p, at); err != nil {
			return err
		}
		at += p.size
	}
	if w.seen != w.rows {
		return damaged("its pages hold %d values, the row group has %d rows", w.seen, w.rows)
	}
	return nil
}

// header reads the header of the page at a place, with left bytes before the column ends.
func (w *walker) header(at, left int64) (page, int, error) {
	for n := int64(firstLook); ; n *= 4 {
		n = min(n, left, maxHeaderBytes)
		b := make([]byte, n)
		if k, err := w.From.ReadAt(b, at); int64(k) < n {
			return page{}, 0, fmt.Errorf("reading a page's header: %w", err)
		}
		p, header, err := readPage(b)
		if !errors.Is(err, errShort) {
			return p, header, err
		}
		if n == left {
			return p, header, damaged("a page's header says more than the column holds")
		}
		if n == maxHeaderBytes {
			return p, header, tooLarge("a page's header has more than %d bytes", maxHeaderBytes)
		}
	}
}
