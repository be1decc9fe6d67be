package searchfile

import (
	"errors"
	"math"
)

// most is the largest number of 16 bits that is used: its upper half, rounded, still fits into 8 bits.
const most = 127*256 + 127

var errNotFinite = errors.New("a vector holds something that is no number")

// quantize makes vectors of length 1 of some, and writes them as scale × (256 × high + low). The scale
// of a vector that is all zeros is 0.
func quantize(vectors []float32, dimension int, high, low []int8, scales []float32) error {
	for r := range scales {
		v := vectors[r*dimension : (r+1)*dimension]
		sum, largest := 0.0, float32(0)
		for _, x := range v {
			sum += float64(x) * float64(x)
			largest = max(largest, x, -x)
		}
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
		for i, x := range v {
			// Rounds to the nearest: adding 2^15 makes it positive, so that cutting off rounds down.
			n := int32(x*step+32768.5) - 32768
			up := (n + 128) >> 8
			h[i], l[i] = int8(up), int8(n-up<<8)
		}
		scales[r] = float32(float64(largest) / most / math.Sqrt(sum))
	}
	return nil
}

// vector returns a row's vector.
func (f *File) vector(row int64) []float32 {
	v := make([]float32, f.Dimension)
	at := row * int64(f.Dimension)
	for i := range v {
		v[i] = float32(f.number(at+int64(i))) * f.scales[row]
	}
	return v
}

func (f *File) number(at int64) int32 { return int32(f.high[at])<<8 + int32(f.low[at]) }

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
