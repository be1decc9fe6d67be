package parquetread

import "encoding/binary"

// runs decodes numbers of width bits that are encoded as runs,
// https://github.com/apache/parquet-format/blob/master/Encodings.md#run-length-encoding--bit-packing-hybrid-rle--3
type runs struct {
	b     []byte
	width uint
	left  int64 // numbers that are still wanted, of all runs

	run    int64  // numbers that are left of the run
	packed []byte // the run's bits, if it is a packed one
	bit    uint   // of packed, where the next number begins
	value  uint32 // the run's number, if it is not a packed one
}

// newRuns prepares for n numbers. Those that follow them are not looked at.
func newRuns(b []byte, width uint, n int64) (runs, error) {
	if width > 32 {
		return runs{}, damaged("a page's width of indices is wrong")
	}
	return runs{b: b, width: width, left: n}, nil
}

func (r *runs) next() (uint32, error) {
	for r.run == 0 {
		if err := r.begin(); err != nil {
			return 0, err
		}
	}
	r.run--
	r.left--
	if r.packed == nil {
		return r.value, nil
	}
	x := unpack(r.packed, r.bit, r.width)
	r.bit += r.width
	return uint32(x), nil
}

// begin reads the head of the next run, which may be empty.
func (r *runs) begin() error {
	if r.width == 0 { // every number is 0: some writers write no run
		r.run, r.value, r.packed = r.left, 0, nil
		return r.checkZeros()
	}
	head, k := binary.Uvarint(r.b)
	if k <= 0 {
		return damaged("a run is cut off")
	}
	r.b = r.b[k:]
	count := head >> 1
	if head&1 == 1 {
		if count > (maxPageValues+maxPadding)/8 || int64(count)*8 > r.left+maxPadding+7 {
			return damaged("a run of %d values, %d are left", count*8, r.left)
		}
		r.run = min(int64(count)*8, r.left)
		if need := (r.run*int64(r.width) + 7) / 8; need > int64(len(r.b)) {
			return damaged("a run is cut off")
		}
		size := min(int(count)*int(r.width), len(r.b))
		r.packed, r.bit, r.b = r.b[:size:size], 0, r.b[size:]
		return nil
	}
	if count > uint64(r.left+maxPadding) {
		return damaged("a run of %d values, %d are left", count, r.left)
	}
	size := int(r.width+7) / 8
	if size > len(r.b) {
		return damaged("a run is cut off")
	}
	r.run, r.packed, r.value = min(int64(count), r.left), nil, 0
	for i, x := range r.b[:size] {
		r.value |= uint32(x) << (8 * i)
	}
	r.b = r.b[size:]
	return nil
}

// checkZeros checks that runs of numbers with no bits, which take no bytes, have no more than are wanted.
func (r *runs) checkZeros() error {
	for left := r.left; left > 0 && len(r.b) > 0; {
		head, k := binary.Uvarint(r.b)
		if k <= 0 {
			return damaged("a run is cut off")
		}
		count := head >> 1
		if head&1 == 1 {
			count = min(count, maxPageValues) * 8
		}
		if count > uint64(left+maxPadding+7) {
			return damaged("a run of %d values, %d are left", count, left)
		}
		left -= int64(count)
		r.b = r.b[k:]
	}
	return nil
}

// unpack returns the number of up to 64 bits that starts at a bit of b, the lowest bit first.
func unpack(b []byte, at, width uint) uint64 {
	i, shift := at/8, at%8
	if int(i)+9 <= len(b) {
		x := binary.LittleEndian.Uint64(b[i:]) >> shift
		if shift > 0 {
			x |= uint64(b[i+8]) << (64 - shift)
		}
		return x & (1<<width - 1)
	}
	var x uint64
	for taken := uint(0); taken < width; i, shift = i+1, 0 {
		x |= uint64(b[i]>>shift) << taken
		taken += 8 - shift
	}
	return x & (1<<width - 1)
}
