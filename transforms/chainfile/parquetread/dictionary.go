package parquetread

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// dictionary is the values that pages refer to by number.
type dictionary struct {
	kind   format.Type
	size   int      // bytes of a value, 0 if they differ or are bits
	b      []byte   // all values as they lie in the page
	begins []uint32 // where each byte array begins; one more at the end
	n      int64
}

// readDictionary keeps the values of a dictionary's page.
func (c *Chunk) readDictionary(p page, at int64) error {
	b, _, err := c.read(p, at)
	if err != nil {
		return err
	}
	d := &dictionary{kind: c.column.Physical, size: c.column.size(), b: b, n: p.values}
	c.stored, c.plain = nil, nil // the values stay in them
	if _, err := c.plainValues(b, p.values); err != nil {
		return err
	}
	if d.size == 0 && d.kind != format.Boolean {
		if err := d.findTexts(); err != nil {
			return err
		}
	}
	c.dictionary = d
	return nil
}

// findTexts finds where each byte array begins.
func (d *dictionary) findTexts() error {
	texts := plainTexts{d.b}
	d.begins = make([]uint32, 1, d.n+1)
	for range d.n {
		if _, err := texts.next(); err != nil {
			return err
		}
		d.begins = append(d.begins, uint32(len(d.b)-len(texts.b)))
	}
	return nil
}

func (d *dictionary) value(i uint32) parquet.Value {
	switch {
	case d.size > 0:
		return fixedValue(d.kind, d.b[int(i)*d.size:(int(i)+1)*d.size])
	case d.kind == format.Boolean:
		return parquet.BooleanValue(d.b[i/8]>>(i%8)&1 == 1)
	}
	return parquet.ByteArrayValue(d.b[d.begins[i]+4 : d.begins[i+1]])
}

// indexedValues returns a decoder of n values of the dictionary. The first byte is the
// width of their numbers.
func (c *Chunk) indexedValues(b []byte, n int64) (decoder, error) {
	if n == 0 {
		return &indexed{}, nil
	}
	if c.dictionary == nil {
		return nil, damaged("its dictionary is missing")
	}
	if len(b) == 0 {
		return nil, damaged("a page's width of indices is wrong")
	}
	r, err := newRuns(b[1:], uint(b[0]), n)
	return &indexed{r, c.dictionary}, err
}

type indexed struct {
	runs
	dictionary *dictionary
}

func (d *indexed) next() (parquet.Value, error) {
	i, err := d.runs.next()
	if err != nil {
		return parquet.Value{}, err
	}
	if int64(i) >= d.dictionary.n {
		return parquet.Value{}, damaged("a value refers to entry %d of a dictionary of %d", i, d.dictionary.n)
	}
	return d.dictionary.value(i), nil
}
