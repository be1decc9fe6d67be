package audit

import "encoding/binary"

// maxBlock bounds the values in a block of packed differences. Writers use a few hundred, but
// arrow-go allocates as many as a page claims.
const maxBlock = 1 << 16

// skipDelta passes over numbers that are encoded as packed differences and returns what
// comes after them.
// https://github.com/apache/parquet-format/blob/master/Encodings.md#delta-encoding-delta_binary_packed--5
func skipDelta(b []byte, most int64) ([]byte, error) {
	var head [4]uint64 // values of a block, its parts, values in all, the first one
	for i := range head {
		x, k := binary.Uvarint(b)
		if k <= 0 {
			return nil, damaged("packed numbers are cut off")
		}
		head[i], b = x, b[k:]
	}
	block, parts := head[0], head[1]
	if block == 0 || block > maxBlock || parts == 0 || parts > block || block%parts != 0 {
		return nil, damaged("packed numbers in blocks of %d with %d parts", block, parts)
	}
	if head[2] > uint64(most) {
		return nil, damaged("%d packed numbers in a page of %d values", head[2], most)
	}
	for left := int64(head[2]) - 1; left > 0; {
		_, k := binary.Uvarint(b)
		if k <= 0 || uint64(len(b)-k) < parts {
			return nil, damaged("packed numbers are cut off")
		}
		widths := b[k : k+int(parts)]
		b = b[k+int(parts):]
		for _, bits := range widths {
			if left <= 0 {
				break
			}
			size := block / parts * uint64(bits) / 8
			if size > uint64(len(b)) {
				return nil, damaged("packed numbers are cut off")
			}
			b, left = b[size:], left-int64(block/parts)
		}
	}
	return b, nil
}
