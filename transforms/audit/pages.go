package audit

import (
	"encoding/binary"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// Limits that no page of an honest file reaches.
const (
	maxPageBytes  = 1 << 28 // compressed and decompressed
	maxPageValues = 1 << 24
	maxGrowth     = 1000    // of all pages of a file together, when decoded: times the file's size
	freeGrowth    = 8 << 30 // bytes that the decoded pages of a file may have, however small it is
)

// growth counts what the pages of a file take when they are decoded.
type growth struct{ size, total int64 }

func (g *growth) add(n int64) error {
	g.total += n
	if g.total > freeGrowth && g.total/maxGrowth > g.size {
		return tooLarge("its %d bytes expand to more than %d", g.size, g.total)
	}
	return nil
}

// checkedPages passes on the pages of a column chunk after it has checked them, because
// arrow-go's decoders allocate as much as a page claims.
type checkedPages struct {
	file.PageReader
	descr  *schema.Column
	growth *growth
	err    error
	mend   *mend // nil if the column is read as its own type
	page   file.Page
	// shared is the size of the page if its values share bytes, so that one value may be as long as
	// the page; otherwise 0.
	shared int64
}

// Next implements file.PageReader.
func (c *checkedPages) Next() bool {
	for c.err == nil && c.PageReader.Next() {
		p := c.PageReader.Page()
		if c.err = c.check(p); c.err != nil {
			return false
		}
		if d, ok := p.(*file.DictionaryPage); ok && c.mend != nil {
			p = c.mend.page(d, c.descr.TypeLength())
		}
		c.page = p
		if p.Type() == file.PageTypeDictionaryPage || p.NumValues() > 0 {
			return true
		}
		// arrow-go takes a page without values for the end of the column
	}
	return false
}

// Page implements file.PageReader.
func (c *checkedPages) Page() file.Page { return c.page }

// Err implements file.PageReader.
func (c *checkedPages) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.PageReader.Err()
}

// GetDictionaryPage implements file.PageReader.
func (c *checkedPages) GetDictionaryPage() (*file.DictionaryPage, error) {
	p, err := c.PageReader.GetDictionaryPage()
	if err != nil || p == nil {
		return p, err
	}
	if err := c.check(p); err != nil {
		return nil, err
	}
	if c.mend != nil {
		p = c.mend.page(p, c.descr.TypeLength())
	}
	return p, nil
}

// readable are the encodings that arrow-go reads for each physical type: it panics on others.
var readable = func() map[parquet.Type][]parquet.Encoding {
	e := parquet.Encodings
	dictionary := []parquet.Encoding{e.Plain, e.PlainDict, e.RLEDict}
	with := func(more ...parquet.Encoding) []parquet.Encoding { return append(slices.Clone(dictionary), more...) }
	return map[parquet.Type][]parquet.Encoding{
		parquet.Types.Boolean:           {e.Plain, e.RLE},
		parquet.Types.Int32:             with(e.DeltaBinaryPacked, e.ByteStreamSplit),
		parquet.Types.Int64:             with(e.DeltaBinaryPacked, e.ByteStreamSplit),
		parquet.Types.Int96:             dictionary,
		parquet.Types.Float:             with(e.ByteStreamSplit),
		parquet.Types.Double:            with(e.ByteStreamSplit),
		parquet.Types.ByteArray:         with(e.DeltaLengthByteArray, e.DeltaByteArray),
		parquet.Types.FixedLenByteArray: with(e.ByteStreamSplit),
	}
}()

// reads reports whether a data page of an encoding can be read.
func (c *checkedPages) reads(e parquet.Encoding) bool {
	if c.mend != nil {
		return c.mend.reads(e)
	}
	return slices.Contains(readable[c.descr.PhysicalType()], e)
}

func (c *checkedPages) check(p file.Page) error {
	n := int64(p.NumValues())
	if err := c.growth.add(int64(len(p.Data())) + 8*n); err != nil {
		return err
	}
	if p.Type() == file.PageTypeDictionaryPage {
		return c.dictionary(n, int64(len(p.Data())))
	}
	if n > maxPageValues {
		return tooLarge("a page has %d values, the limit is %d", n, maxPageValues)
	}
	values, err := c.values(p)
	if err != nil {
		return err
	}
	encoding := parquet.Encoding(p.Encoding())
	if !c.reads(encoding) {
		return unsupported("%s in the encoding %s", c.descr.PhysicalType(), encoding)
	}
	c.shared = 0
	switch encoding {
	case parquet.Encodings.DeltaBinaryPacked, parquet.Encodings.DeltaLengthByteArray:
		_, err = skipDelta(values, n)
	case parquet.Encodings.DeltaByteArray:
		c.shared = int64(len(values))
		if values, err = skipDelta(values, n); err == nil {
			_, err = skipDelta(values, n)
		}
	}
	return err
}

// dictionary checks that a dictionary of size bytes can hold n values, because arrow-go makes room for n.
func (c *checkedPages) dictionary(n, size int64) error {
	width := map[parquet.Type]int64{
		parquet.Types.Int32: 4, parquet.Types.Int64: 8, parquet.Types.Int96: 12,
		parquet.Types.Float: 4, parquet.Types.Double: 8, parquet.Types.ByteArray: 4,
		parquet.Types.FixedLenByteArray: int64(c.descr.TypeLength()),
	}[c.descr.PhysicalType()]
	if width == 0 {
		return unsupported("a dictionary of %s", c.descr.PhysicalType())
	}
	if n > size/width {
		return damaged("a dictionary of %d values has only %d bytes", n, size)
	}
	return nil
}

// values returns what comes after the levels of a data page.
func (c *checkedPages) values(p file.Page) ([]byte, error) {
	b := p.Data()
	if v2, ok := p.(*file.DataPageV2); ok {
		n := int64(v2.DefinitionLevelByteLen()) + int64(v2.RepetitionLevelByteLen())
		if n < 0 || n > int64(len(b)) {
			return nil, damaged("a page is shorter than its levels")
		}
		return b[n:], nil
	}
	v1, ok := p.(*file.DataPageV1)
	if !ok {
		return nil, unsupported("a page of type %s", p.Type())
	}
	for _, levels := range []struct {
		most     int16
		encoding parquet.Encoding
	}{
		{c.descr.MaxRepetitionLevel(), v1.RepetitionLevelEncoding()},
		{c.descr.MaxDefinitionLevel(), v1.DefinitionLevelEncoding()},
	} {
		if levels.most == 0 {
			continue
		}
		if levels.encoding != parquet.Encodings.RLE {
			return nil, unsupported("levels encoded as %s", levels.encoding)
		}
		if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
			return nil, damaged("a page is shorter than its levels")
		}
		b = b[4+int(binary.LittleEndian.Uint32(b)):]
	}
	return b, nil
}
