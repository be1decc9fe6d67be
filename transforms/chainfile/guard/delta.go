package guard

import (
	"encoding/binary"
	"math"
)

// checkDelta walks over n numbers that are encoded as packed differences and returns
// what is left of b. width is how many bits a number may have; each, if it is not
// nil, gets the numbers of 32 bits in order.
// https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
func checkDelta(b []byte, n int64, width byte, each func(int64) error) (rest []byte, err error) {
	var head [4]uint64 // values of a block, its parts, values in all, the first one
	for i := range head {
		x, k := binary.Uvarint(b)
		if k <= 0 {
			return nil, damaged("packed numbers are cut off")
		}
		head[i], b = x, b[k:]
	}
	block, parts, total := head[0], head[1], head[2]
	if block == 0 || block > math.MaxUint16 || parts == 0 || block%parts != 0 || (block/parts)%32 != 0 {
		return nil, damaged("packed numbers in blocks of %d with %d parts", block, parts)
	}
	if total != uint64(n) {
		return nil, damaged("%d packed numbers, want %d", total, n)
	}
	value := unzigzag(head[3])
	if total > 0 && each != nil {
		if err := each(value); err != nil {
			return nil, err
		}
	}
	for left := int64(total) - 1; left > 0; {
		least, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < parts {
			return nil, damaged("packed numbers are cut off")
		}
		widths := b[k : k+int(parts)]
		b = b[k+int(parts):]
		for _, bits := range widths {
			if left <= 0 {
				break
			}
			if bits > width {
				return nil, damaged("packed numbers of %d bits", bits)
			}
			size := int(block/parts) * int(bits) / 8
			if size > len(b) {
				return nil, damaged("packed numbers are cut off")
			}
			for i := range min(left, int64(block/parts)) {
				if each == nil {
					break
				}
				value += unzigzag(least) + int64(unpack(b, int(i)*int(bits), int(bits)))
				if err := each(value); err != nil {
					return nil, err
				}
			}
			left -= int64(block / parts)
			b = b[size:]
		}
	}
	return b, nil
}

func unzigzag(x uint64) int64 { return int64(x>>1) ^ -int64(x&1) }

// unpack returns the number of so many bits that starts at a bit of b.
func unpack(b []byte, at, bits int) (x uint64) {
	for i := 0; i < bits; {
		free := 8 - (at+i)%8
		take := min(free, bits-i)
		part := uint64(b[(at+i)/8]>>((at+i)%8)) & (1<<take - 1)
		x |= part << i
		i += take
	}
	return x
}

// deltaTexts checks n texts whose lengths lie before them, where shared is true each
// without what it has in common with the one before. It returns the bytes of all.
func deltaTexts(b []byte, n int64, shared bool) (int64, error) {
	var prefixes []int64
	if shared {
		prefixes = make([]int64, 0, n)
		rest, err := checkDelta(b, n, 32, func(x int64) error {
			prefixes = append(prefixes, x)
			return nil
		})
		if err != nil {
			return 0, err
		}
		b = rest
	}
	total, tails, before, i := int64(0), int64(0), int64(0), 0
	rest, err := checkDelta(b, n, 32, func(tail int64) error {
		length := tail
		if shared {
			if prefixes[i] < 0 || prefixes[i] > before {
				return damaged("a text begins with %d bytes of one that has %d", prefixes[i], before)
			}
			length += prefixes[i]
			i++
		}
		if tail < 0 || length > maxPageBytes {
			return damaged("a text of %d bytes", length)
		}
		total, tails, before = total+length, tails+tail, length
		if total > maxPageBytes {
			return tooLarge("a page of more than %d bytes", maxPageBytes)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if tails > int64(len(rest)) {
		return 0, damaged("texts of %d bytes in a page that has %d", tails, len(rest))
	}
	return total, nil
}
