package searchfile

import (
	"container/heap"
	"math"
	"slices"
)

// best keeps the rows that may be among the k best; the score of each row is known within bounds.
type best struct {
	k      int
	leasts leasts  // the k largest lower bounds
	least  float64 // the smallest of them, once there are k: no row below it is among the best
	rows   []bounded
	tidied int // rows that were left after tidy last ran
}

// bounded is a row with the upper bound of its score.
type bounded struct {
	row  int64
	most float64
}

// tidyAt is how many rows may be kept, beyond twice those that tidy left, before it runs again.
const tidyAt = 4096

func newBest(k int) *best { return &best{k: k, least: math.Inf(-1)} }

func (b *best) add(row int64, least, most float64) {
	b.atLeast(least)
	b.rows = append(b.rows, bounded{row, most})
	if len(b.rows) > 2*b.tidied+tidyAt {
		b.tidy()
	}
}

// atLeast notes that there is a row with at least a score.
func (b *best) atLeast(score float64) {
	switch {
	case len(b.leasts) < b.k:
		heap.Push(&b.leasts, score)
	case b.k > 0 && score > b.leasts[0]:
		b.leasts[0] = score
		heap.Fix(&b.leasts, 0)
	}
	if len(b.leasts) == b.k && b.k > 0 {
		b.least = b.leasts[0]
	}
}

// tidy drops the rows that cannot be among the best any more.
func (b *best) tidy() {
	b.rows = slices.DeleteFunc(b.rows, func(r bounded) bool { return r.most < b.least })
	b.tidied = len(b.rows)
}

// join adds what another best has of other rows.
func (b *best) join(other *best) {
	for _, score := range other.leasts {
		b.atLeast(score)
	}
	b.rows = append(b.rows, other.rows...)
	b.tidy()
}

// leasts is a heap, the smallest first.
type leasts []float64

func (h leasts) Len() int           { return len(h) }
func (h leasts) Less(i, j int) bool { return h[i] < h[j] }
func (h leasts) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is for container/heap.
func (h *leasts) Push(x any) { *h = append(*h, x.(float64)) }

// Pop is for container/heap, and not needed.
func (h *leasts) Pop() any { panic("nothing is taken out") }
