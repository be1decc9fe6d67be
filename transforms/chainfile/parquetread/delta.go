package parquetread

import (
	"encoding/binary"
	"math"
)

// delta decodes numbers that are encoded as packed differences,
// https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
type delta struct {
	b       []byte
	perPart int64 // numbers of a part of a block
	parts   int
	left    int64 // numbers that have not been returned
	value   int64 // the next one
	least   int64 // difference of the block
	widths  []byte
	width   uint // of the part's differences, in bits
	part    []byte
	bit     uint
	inPart  int64 // differences that are left in the part
}

// newDelta prepares for at least n numbers.
func newDelta(b []byte, n int64) (*delta, error) {
	var head [4]uint64 // numbers of a block, its parts, numbers in all, the first one
	for i := range head {
		x, k := binary.Uvarint(b)
		if k <= 0 {
			return nil, damaged("packed numbers are cut off")
		}
		head[i], b = x, b[k:]
	}
	block, parts, total := head[0], head[1], head[2]
	if block == 0 || block > math.MaxUint16 || parts == 0 || parts > block || block%parts != 0 || (block/parts)%8 != 0 {
		return nil, damaged("packed numbers in blocks of %d with %d parts", block, parts)
	}
	if total < uint64(n) || total > maxPageValues {
		return nil, damaged("%d packed numbers, want %d", total, n)
	}
	return &delta{b: b, perPart: int64(block / parts), parts: int(parts), left: int64(total), value: unzigzag(head[3])}, nil
}

// next returns the next number. Its bits above those of the column's type mean nothing.
func (d *delta) next() (int64, error) {
	if d.left <= 0 {
		return 0, damaged("packed numbers are cut off")
	}
	value := d.value
	if d.left--; d.left == 0 {
		return value, nil
	}
	if d.inPart == 0 {
		if err := d.nextPart(); err != nil {
			return 0, err
		}
	}
	d.inPart--
	d.value += d.least + int64(unpack(d.part, d.bit, d.width))
	d.bit += d.width
	return value, nil
}

// nextPart goes on to the next part, and at the end of a block to the next block.
func (d *delta) nextPart() error {
	if len(d.widths) == 0 {
		least, k := binary.Uvarint(d.b)
		if k <= 0 || len(d.b)-k < d.parts {
			return damaged("packed numbers are cut off")
		}
		d.least = unzigzag(least)
		d.widths, d.b = d.b[k:k+d.parts], d.b[k+d.parts:]
	}
	d.width, d.widths = uint(d.widths[0]), d.widths[1:]
	if d.width > 64 {
		return damaged("packed numbers of %d bits", d.width)
	}
	d.inPart = d.perPart
	size := int(d.perPart) * int(d.width) / 8
	if need := (min(d.left, d.perPart)*int64(d.width) + 7) / 8; need > int64(len(d.b)) {
		return damaged("packed numbers are cut off")
	}
	size = min(size, len(d.b)) // the last part may lack its padding
	d.part, d.bit, d.b = d.b[:size:size], 0, d.b[size:]
	return nil
}

// rest returns the bytes after all numbers, without decoding them.
func (d delta) rest() ([]byte, error) {
	for d.left--; d.left > 0; d.left -= d.perPart {
		if err := d.nextPart(); err != nil {
			return nil, err
		}
	}
	return d.b, nil
}

func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }
