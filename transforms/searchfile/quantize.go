package searchfile

import (
	"errors"
	"math"
)

// most is the largest number of 16 bits that is used: its upper half, rounded, still fits into 8 bits.
const most = 127*256 + 127

var errNotFinite = errors.New("a vector holds something that is not a number")

// quantize scales vectors to length 1, and writes them as scale × (256 × high + low). The scale
// of a vector that is all zeros is 0.
func quantize(vectors []float32, dimension int, high, low []int8, scales []float32) error {
	for r := range scales {
		v := vectors[r*dimension : (r+1)*dimension]
		sum, largest := measure(v)
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return errNotFinite
		}
		h, l := high[r*dimension:(r+1)*dimension], low[r*dimension:(r+1)*dimension]
		if largest == 0 {
			clear(h)
			clear(l)
			scales[r] = 0
			continue
		}
		step := float32(most) / largest
		for i, x := range v[:len(h)] {
			// Rounds to the nearest: adding 2^15 makes it positive, so that cutting off rounds down. The
			// last 8 bits are the lower half; it counts as negative from 128 on, so the upper one is rounded.
			n := int32(x*step + 32768.5)
			h[i], l[i] = int8((n+128)>>8-128), int8(n)
		}
		scales[r] = float32(float64(largest) / most / math.Sqrt(sum))
	}
	return nil
}

// measure returns the sum of the squares, and the largest number without its sign. It is written for
// speed: this and the loop in quantize are most of the work of making a search file.
func measure(v []float32) (sum float64, largest float32) {
	var a, b, c, d float64 // four sums, which do not wait for each other
	top := uint32(0)
	for ; len(v) >= 4; v = v[4:] {
		w, x, y, z := float64(v[0]), float64(v[1]), float64(v[2]), float64(v[3])
		a, b, c, d = a+w*w, b+x*x, c+y*y, d+z*z
		top = max(top, bitsOf(v[0]), bitsOf(v[1]), bitsOf(v[2]), bitsOf(v[3]))
	}
	for _, x := range v {
		a += float64(x) * float64(x)
		top = max(top, bitsOf(x))
	}
	return a + b + c + d, math.Float32frombits(top)
}

// bitsOf returns the bits of a number without its sign, which are in the order of the numbers.
func bitsOf(x float32) uint32 { return math.Float32bits(x) &^ (1 << 31) }

// Vector returns the vector of a row, of length 1.
func (f *File) Vector(row int64) []float32 {
	v := make([]float32, f.Dimension)
	at := row * int64(f.Dimension)
	for i := range v {
		v[i] = float32(int32(f.high[at+int64(i)])<<8+int32(f.low[at+int64(i)])) * f.scales[row]
	}
	return v
}

// score returns the cosine of a row and a vector of length 1.
func (f *File) score(q []float32, row int64) float32 {
	at := row * int64(f.Dimension)
	high, low := f.high[at:at+int64(len(q))], f.low[at:at+int64(len(q))]
	sum := 0.0
	for i, x := range q {
		sum += float64(x) * float64(int32(high[i])<<8+int32(low[i]))
	}
	return float32(sum * float64(f.scales[row]))
}
