package layout

import "hash/fnv"

// Draw maps a path to a number in [0, 1), evenly: the same one in each run.
func Draw(path string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // never fails
	x := h.Sum64()
	x ^= x >> 33 // FNV leaves the high bits of similar names alike: mix them (MurmurHash3's finaliser)
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}
