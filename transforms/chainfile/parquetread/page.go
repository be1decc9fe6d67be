package parquetread

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// read reads the page at a place, and returns its decompressed bytes without the levels of
// version 2, which lie before them and are not compressed. Both are valid until the next page.
func (c *Chunk) read(p page, at int64) (b, levels []byte, err error) {
	c.stored = resized(c.stored, p.size)
	if k, err := c.file.from.ReadAt(c.stored, at); int64(k) < p.size {
		return nil, nil, deadletter.CannotRead.Errorf("reading a page: %w", err)
	}
	b = c.stored
	if p.kind == format.DataPageV2 {
		repetition, definition := p.levelBytes[1], p.levelBytes[0]
		if repetition+definition > min(p.size, p.expanded) {
			return nil, nil, damaged("a page's levels have %d bytes, the page %d", repetition+definition, p.size)
		}
		levels, b = b[repetition:repetition+definition], b[repetition+definition:]
		p.expanded -= repetition + definition
	}
	if c.metadata.Codec == format.Uncompressed || p.uncompressed {
		return b, levels, nil
	}
	c.plain = resized(c.plain, p.expanded)
	return c.plain, levels, expand(c.metadata.Codec, c.plain, b)
}

func resized(b []byte, n int64) []byte {
	if int64(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// begin prepares for the values of a data page.
func (c *Chunk) begin(p page, at int64) error {
	b, levels, err := c.read(p, at)
	if err != nil {
		return err
	}
	if c.lists != nil {
		return c.beginLists(p, b, levels)
	}
	present := p.values
	if c.column.Optional {
		switch {
		case p.kind == format.DataPage:
			present, b, err = c.firstLevels(p, b)
		case len(levels) > 0 || p.nulls > 0:
			present, err = c.runLevels(levels, p.values)
		default:
			c.levels = nil // no value is null
		}
		if err != nil {
			return err
		}
	}
	c.left, c.position = p.values, 0
	c.values, err = c.decoder(p.encoding, b, present)
	return err
}

// firstLevels reads the levels of a page of version 1, which lie before its values, and
// returns how many values are there, and the values.
func (c *Chunk) firstLevels(p page, b []byte) (present int64, rest []byte, err error) {
	switch p.levels {
	case format.RLE:
		levels, rest, err := cutLevels(b)
		if err != nil {
			return 0, nil, err
		}
		present, err = c.runLevels(levels, p.values)
		return present, rest, err
	case format.BitPacked: // the oldest writers use it
		size := (p.values + 7) / 8
		if size > int64(len(b)) {
			return 0, nil, damaged("a page is shorter than its levels")
		}
		c.levels = resized(c.levels, p.values)
		for i := range c.levels { // the highest bit first, unlike in runs
			c.levels[i] = b[i/8] >> (7 - i%8) & 1
			present += int64(c.levels[i])
		}
		return present, b[size:], nil
	}
	return 0, nil, deadletter.UnsupportedEncoding.Errorf("its levels are encoded as %s (%d), which is not supported", p.levels, p.levels)
}

// runLevels decodes the levels of n values, and returns how many values are there.
func (c *Chunk) runLevels(b []byte, n int64) (present int64, err error) {
	r, err := newRuns(b, 1, n)
	if err != nil {
		return 0, err
	}
	c.levels = resized(c.levels, n)
	for i := range c.levels {
		x, err := r.next()
		if err != nil {
			return 0, damaged("its levels: %w", err)
		}
		if x > 1 {
			return 0, damaged("a level of %d", x)
		}
		c.levels[i] = byte(x)
		present += int64(x)
	}
	return present, nil
}

// cutLevels cuts the levels, which follow their length, off the beginning of b.
func cutLevels(b []byte) (levels, rest []byte, err error) {
	if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
		return nil, nil, damaged("a page is shorter than its levels")
	}
	n := 4 + int(binary.LittleEndian.Uint32(b))
	return b[4:n], b[n:], nil
}

// decoder returns what decodes n values of an encoding. What follows them is not looked at.
func (c *Chunk) decoder(encoding format.Encoding, b []byte, n int64) (decoder, error) {
	kind := c.column.Physical
	switch encoding {
	case format.Plain:
		return c.plainValues(b, n)
	case format.PlainDictionary, format.RLEDictionary: //nolint:staticcheck // older writers still use the first
		return c.indexedValues(b, n)
	case format.RLE:
		if kind == format.Boolean {
			b, _, err := cutLevels(b)
			if err != nil {
				return nil, err
			}
			r, err := newRuns(b, 1, n)
			return &runBooleans{r}, err
		}
	case format.DeltaBinaryPacked:
		if kind == format.Int32 || kind == format.Int64 {
			d, err := newDelta(b, n)
			return &deltaNumbers{d, kind}, err
		}
	case format.DeltaLengthByteArray:
		if kind == format.ByteArray {
			return newDeltaLengths(b, n)
		}
	case format.DeltaByteArray:
		if kind == format.ByteArray || kind == format.FixedLenByteArray {
			return newDeltaTexts(c, b, n)
		}
	case format.ByteStreamSplit:
		if size := c.column.size(); size > 0 {
			if int64(len(b)) < n*int64(size) {
				return nil, damaged("a page's values are cut off")
			}
			return &splitValues{kind: kind, b: b, n: int(n), value: make([]byte, size)}, nil
		}
	default:
		return nil, deadletter.UnsupportedEncoding.Errorf("the encoding %s (%d) is not supported: write the file with the writer's defaults", encoding, encoding)
	}
	return nil, damaged("its values, which are %s, are encoded as %s", kind, encoding)
}

// size returns the bytes of a value that has a fixed number of whole bytes, else 0.
func (c *Column) size() int {
	switch c.Physical {
	case format.Int32, format.Float:
		return 4
	case format.Int64, format.Double:
		return 8
	case format.Int96:
		return 12
	case format.FixedLenByteArray:
		return c.Length
	}
	return 0
}

// fixedValue makes a value of its bytes, without copying those of a byte array.
func fixedValue(kind format.Type, b []byte) parquet.Value { return parquet.Kind(kind).Value(b) }
