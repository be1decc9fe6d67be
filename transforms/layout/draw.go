package layout

import "github.com/cespare/xxhash/v2"

// Draw maps paths evenly to numbers in [0, 1). A path has the same number in every run.
func Draw(path string) float64 {
	return float64(xxhash.Sum64String(path)>>11) / (1 << 53)
}
