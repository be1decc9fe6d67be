package guard

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"sync"

	"github.com/parquet-go/parquet-go/format"
)

// large is held while a large page is in memory here: the files that are open look at
// theirs one after another.
var large sync.Mutex

// content looks at what is in a page that lies at a place: whether it holds what its
// header says, and what that takes when it is decoded.
func (w *walker) content(p page, at int64) error {
	if p.kind == format.IndexPage { // nobody writes them, nobody reads them
		return damaged("a page of an index lies among those of the column")
	}
	if p.kind == format.DictionaryPage && w.entries >= 0 {
		return damaged("it has two dictionaries")
	}
	if p.size+p.expanded > largePage {
		large.Lock()
		defer large.Unlock()
		defer func() { w.compressed, w.plain = nil, nil }()
	}
	w.compressed = resized(w.compressed, p.size)
	if k, err := w.From.ReadAt(w.compressed, at); int64(k) < p.size {
		return fmt.Errorf("reading a page: %w", err)
	}
	b, levels, err := w.decompress(p)
	if err != nil {
		return err
	}
	switch p.kind {
	case format.DictionaryPage:
		w.entries = p.values
		w.dictionary, err = w.values(format.Plain, p.values, b)
		w.dictionary += p.size + p.expanded + 8*p.values
		return err
	case format.DataPage:
		if w.optional {
			if p.levels != format.RLE {
				return fmt.Errorf("its levels are encoded as %s (%d), which is not supported", p.levels, p.levels)
			}
			if levels, b, err = cutLevels(b); err != nil {
				return err
			}
		}
	case format.DataPageV2:
	default:
		return damaged("unknown kind of page: %d", p.kind)
	}
	present := p.values
	if w.optional && (p.kind == format.DataPage || len(levels) > 0) {
		if present, err = runs(levels, 1, p.values); err != nil {
			return fmt.Errorf("its levels: %w", err)
		}
	}
	if p.kind == format.DataPageV2 && present != p.values-p.nulls {
		return damaged("a page says %d nulls, it has %d", p.nulls, p.values-present)
	}
	decoded, err := w.values(p.encoding, present, b)
	if err != nil {
		return err
	}
	// compressed, decompressed, and what the library keeps for each value
	w.peak = max(w.peak, decoded+p.size+p.expanded+8*p.values)
	w.seen += p.values
	return w.grow(decoded)
}

// decompress returns a page's bytes, those of version 2 without the levels, which lie
// before them and are not compressed.
func (w *walker) decompress(p page) (b, levels []byte, err error) {
	b = w.compressed
	if p.kind == format.DataPageV2 {
		repetition, definition := p.levelBytes[1], p.levelBytes[0]
		if repetition+definition > p.size {
			return nil, nil, damaged("a page's levels have %d bytes, the page %d", repetition+definition, p.size)
		}
		levels, b = b[repetition:repetition+definition], b[repetition+definition:]
		p.expanded -= repetition + definition
	}
	if w.chunk.Codec == format.Uncompressed || p.uncompressed {
		return b, levels, nil
	}
	if p.expanded < 0 {
		return nil, nil, damaged("a page's levels have more bytes than the page")
	}
	w.plain = resized(w.plain, p.expanded)
	return w.plain, levels, expand(w.chunk.Codec, w.plain, b)
}

func resized(b []byte, n int64) []byte {
	if int64(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// cutLevels cuts the levels off a page of version 1.
func cutLevels(b []byte) (levels, rest []byte, err error) {
	if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
		return nil, nil, damaged("a page is shorter than its levels")
	}
	n := 4 + int(binary.LittleEndian.Uint32(b))
	return b[4:n], b[n:], nil
}

// runs walks over n values of width bits that are encoded as runs, and returns how
// many of them are one, if width is 1. It is an error if there are fewer or more: the
// library makes room for all that are there.
func runs(b []byte, width uint, n int64) (ones int64, err error) {
	seen := int64(0)
	for len(b) > 0 && seen < n {
		head, k := binary.Uvarint(b)
		if k <= 0 {
			return 0, damaged("a run is cut off")
		}
		b = b[k:]
		count, packed := head>>1, head&1 == 1
		size := uint64(width+7) / 8
		if packed {
			count *= 8
			size = head >> 1 * uint64(width)
		}
		if count == 0 || count > maxPageValues || size > uint64(len(b)) {
			return 0, damaged("a run of %d values", count)
		}
		left := n - seen
		if seen += int64(count); seen > n+7 || !packed && seen > n {
			return 0, damaged("%d values in runs, want %d", seen, n)
		}
		if width == 1 {
			if !packed && b[0] > 1 {
				return 0, damaged("a level of %d", b[0])
			}
			ones += countOnes(b[:size], packed, min(left, int64(count)))
		}
		b = b[size:]
	}
	if seen < n {
		return 0, damaged("%d values in runs, want %d", seen, n)
	}
	for _, x := range b { // padding, if anything: another run would be decoded
		if x > 1 {
			return 0, damaged("more runs than values")
		}
	}
	return ones, nil
}

func countOnes(b []byte, packed bool, n int64) (ones int64) {
	if !packed {
		return int64(b[0]&1) * n
	}
	for _, x := range b[:n/8] {
		ones += int64(bits.OnesCount8(x))
	}
	if n%8 != 0 {
		ones += int64(bits.OnesCount8(b[n/8] & (1<<(n%8) - 1)))
	}
	return ones
}

// values looks at n values of an encoding and returns the bytes that they take when
// they are decoded, beyond those of the page and some for each value.
func (w *walker) values(encoding format.Encoding, n int64, b []byte) (int64, error) {
	texts := w.chunk.Type == format.ByteArray
	switch encoding {
	case format.Plain:
		if texts {
			return 0, plainTexts(b, n)
		}
		return 0, nil
	case format.PlainDictionary, format.RLEDictionary: //nolint:staticcheck // older writers still use the first
		if w.entries < 0 {
			return 0, damaged("its dictionary is missing")
		}
		if n == 0 && len(b) <= 1 {
			return 0, nil
		}
		if len(b) == 0 || b[0] > 32 {
			return 0, damaged("a page's width of indices is wrong")
		}
		_, err := runs(b[1:], uint(b[0]), n)
		return 0, err
	case format.RLE:
		b, _, err := cutLevels(b)
		if err != nil || w.chunk.Type != format.Boolean {
			return 0, damaged("a page's values are encoded as levels")
		}
		_, err = runs(b, 1, n)
		return 0, err
	case format.DeltaBinaryPacked:
		_, err := checkDelta(b, n, 64, nil)
		return 0, err
	case format.DeltaLengthByteArray:
		return deltaTexts(b, n, false)
	case format.DeltaByteArray:
		return deltaTexts(b, n, true)
	case format.ByteStreamSplit:
		return 0, nil
	}
	return 0, fmt.Errorf("the encoding %s (%d) is not supported", encoding, encoding)
}

// plainTexts checks that a page holds n texts, each after its length, and no more.
func plainTexts(b []byte, n int64) error {
	for range n {
		if len(b) < 4 || int64(binary.LittleEndian.Uint32(b)) > int64(len(b)-4) {
			return damaged("a text would be longer than its page")
		}
		b = b[4+int(binary.LittleEndian.Uint32(b)):]
	}
	if len(b) > 0 {
		return damaged("a page has %d bytes more than its %d values take", len(b), n)
	}
	return nil
}
