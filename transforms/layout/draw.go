package layout

import "github.com/cespare/xxhash/v2"

// Draw maps a path to a number in [0, 1), evenly: the same one in each run.
func Draw(path string) float64 {
	return float64(xxhash.Sum64String(path)>>11) / (1 << 53)
}
