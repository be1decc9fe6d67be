package parquetread

import (
	"errors"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

const (
	firstLook = 4 << 10 // bytes read at first for a page's header
	// bytesPerValue is what is kept for each value of a page or a dictionary: its level, or
	// where it begins.
	bytesPerValue = 8
)

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
	known        bool            // there was a header for this kind of page
}

// readPage reads the header at the start of b. After errShort, it may succeed with more bytes.
func readPage(b []byte) (p page, header int, err error) {
	c := newCompact(b)
	err = c.fields(func(id int16, kind thrift.Type) (err error) {
		integer := kind >= thrift.I16 && kind <= thrift.I64
		switch {
		case integer && id == 1:
			x, err := c.ReadInt64()
			p.kind = format.PageType(x)
			return err
		case integer && id == 2:
			p.expanded, err = c.ReadInt64()
			return err
		case integer && id == 3:
			p.size, err = c.ReadInt64()
			return err
		case kind == thrift.STRUCT && (id == 5 || id == 7 || id == 8):
			return c.fields(func(field int16, kind thrift.Type) error { return p.own(c, id, field, kind) })
		}
		return c.skip(kind, 1)
	})
	return p, c.BytesRead(), withCode(err)
}

// own reads a field of the header of one kind of page: 5 data, 7 dictionary, 8 data
// of version 2.
func (p *page) own(c *compact, header, field int16, kind thrift.Type) error {
	of := map[int16]format.PageType{5: format.DataPage, 7: format.DictionaryPage, 8: format.DataPageV2}[header]
	if of != p.kind {
		return c.skip(kind, 2)
	}
	p.known = true
	if kind == thrift.FALSE && header == 8 && field == 7 {
		p.uncompressed = true
	}
	if kind < thrift.I16 || kind > thrift.I64 {
		return c.skip(kind, 2)
	}
	x, err := c.ReadInt64()
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

// check checks that a header contradicts neither itself nor the bytes that are left of its column.
func (p *page) check(left int64) error {
	switch {
	case p.size < 0 || p.expanded < 0 || p.values < 0 || p.nulls < 0:
		return damaged("a page has a negative size")
	case p.size > left:
		return damaged("a page would have %d bytes, %d are left", p.size, left)
	case !p.known && p.kind != format.IndexPage:
		return damaged("a page's header is incomplete")
	case p.expanded > maxPageBytes:
		return tooLarge("a page has %d bytes, the limit is %d", p.expanded, maxPageBytes)
	case p.values > maxPageValues:
		return tooLarge("a page has %d values, the limit is %d", p.values, maxPageValues)
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

// header reads the header of the page at a place, with left bytes before the column ends.
func (f *File) header(at, left int64) (p page, bytes int64, err error) {
	for n := int64(firstLook); ; n *= 4 {
		n = min(n, left, maxHeaderBytes)
		b := make([]byte, n)
		if k, err := f.from.ReadAt(b, at); int64(k) < n {
			return page{}, 0, deadletter.CannotRead.Errorf("reading a page's header: %w", err)
		}
		p, header, err := readPage(b)
		switch {
		case err == nil:
			return p, int64(header), p.check(left - int64(header))
		case !errors.Is(err, errShort):
			return page{}, 0, err
		case n == left:
			return page{}, 0, damaged("a page's header claims more than the column holds")
		case n == maxHeaderBytes:
			return page{}, 0, tooLarge("a page's header has more than %d bytes", maxHeaderBytes)
		}
	}
}

// need is the memory that it takes to read the page: its bytes as they are stored and as
// they are decompressed, and what is kept for each value.
func (p *page) need() int64 {
	n := p.size + p.expanded + bytesPerValue*p.values
	if p.encoding == format.DeltaByteArray {
		n += p.expanded // the previous value, whose prefix the next one shares
	}
	return n
}

func (p *page) isData() bool { return p.kind == format.DataPage || p.kind == format.DataPageV2 }
