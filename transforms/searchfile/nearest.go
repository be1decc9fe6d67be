package searchfile

import (
	"cmp"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/searchfile/dot"
)

const (
	blockRows = 1024 // rows that are looked at for each question in turn, while they are in the cache
	// sure is by how much the rounding of floats may change a score.
	sure = 1e-6
)

// Hit is a row that was found.
type Hit struct {
	Row   int64
	Score float32 // cosine of the row and the question
}

// Range is rows from First to before End.
type Range struct{ First, End int64 }

// All returns all rows.
func (f *File) All() []Range { return []Range{{0, f.Rows}} }

// Where returns the rows of the outputs that are wanted.
func (f *File) Where(wanted func(Output) bool) (ranges []Range) {
	for _, o := range f.Outputs {
		if o.held() > 0 && wanted(o) {
			ranges = append(ranges, Range{o.First, o.First + o.held()})
		}
	}
	return ranges
}

// Locate returns the output that a row is from, and the number of the row in that output.
func (f *File) Locate(row int64) (Output, int64) {
	i, _ := slices.BinarySearchFunc(f.Outputs, row, func(o Output, row int64) int {
		if o.First+o.held() <= row {
			return -1
		}
		return 1
	})
	o := f.Outputs[i]
	return o, row - o.First
}

// Find returns the rows of a key.
func (f *File) Find(keys []uint64) (rows []int64) {
	wanted := make(map[uint64]bool, len(keys))
	for _, k := range keys {
		wanted[k] = true
	}
	for row, k := range f.keys {
		if k != 0 && wanted[k] {
			rows = append(rows, int64(row))
		}
	}
	return rows
}

// Nearest returns for each question, which is a vector, the k rows with the largest cosine among the
// rows of some ranges for which keep returns true; nil keeps all. The best come first; of equal ones, the
// one with the lower number. Every row is compared.
func (f *File) Nearest(questions [][]float32, k int, ranges []Range, keep func(row int64) bool) ([][]Hit, error) {
	if f.Rows == 0 {
		return make([][]Hit, len(questions)), nil
	}
	asked := make([]*question, len(questions))
	for i, v := range questions {
		if len(v) != f.Dimension {
			return nil, fmt.Errorf("a question has %d numbers, the vectors have %d", len(v), f.Dimension)
		}
		asked[i] = ask(v)
	}
	blocks := cut(ranges)
	workers := min(runtime.GOMAXPROCS(0), max(1, len(blocks)))
	found := make([][]*best, workers)
	var next atomic.Int64
	var scans sync.WaitGroup
	for w := range workers {
		found[w] = make([]*best, len(asked))
		for i := range asked {
			found[w][i] = newBest(k)
		}
		scans.Go(func() {
			scores := make([]int32, blockRows)
			for i := next.Add(1) - 1; i < int64(len(blocks)); i = next.Add(1) - 1 {
				for j, q := range asked {
					f.scan(q, blocks[i], scores, found[w][j], keep)
				}
			}
		})
	}
	scans.Wait()
	hits := make([][]Hit, len(asked))
	inflight.Each(len(asked), inflight.PerCPU(1), func(i int) {
		all := newBest(k)
		for w := range workers {
			all.join(found[w][i])
		}
		hits[i] = f.rescore(asked[i], all)
	})
	return hits, nil
}

// cut cuts ranges into blocks.
func cut(ranges []Range) (blocks []Range) {
	for _, r := range ranges {
		for first := r.First; first < r.End; first += blockRows {
			blocks = append(blocks, Range{first, min(first+blockRows, r.End)})
		}
	}
	return blocks
}

// question is what is searched for.
type question struct {
	vector []float32 // of length 1, or all zeros
	whole  []int16   // the same in whole numbers
	step   float64   // of a whole number
	// rounded is the most that the whole numbers can be away from the vector.
	rounded float64
}

func ask(v []float32) *question {
	q := &question{vector: make([]float32, len(v)), whole: make([]int16, len(v))}
	sum, largest := 0.0, 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
		largest = max(largest, math.Abs(float64(x)))
	}
	if largest == 0 {
		return q
	}
	length := math.Sqrt(sum)
	q.step = largest / length / float64(dot.Most(len(v)))
	q.rounded = q.step / 2 * math.Sqrt(float64(len(v)))
	for i, x := range v {
		q.vector[i] = float32(float64(x) / length)
		q.whole[i] = int16(math.Round(float64(x) / length / q.step))
	}
	return q
}

// scan scores the upper halves of a block of rows.
//
// Their scores are off by no more than slack. By the Cauchy-Schwarz inequality, a vector that differs
// by e changes a score by at most |e| if the other vector has length 1. A row's lower half, with its
// rounding, is at most 128.6 steps in each number. The question differs by rounded.
func (f *File) scan(q *question, block Range, scores []int32, b *best, keep func(int64) bool) {
	n, d := int(block.End-block.First), int64(f.Dimension)
	scores = scores[:n]
	dot.Rows(q.whole, f.high[block.First*d:block.End*d], scores)
	step, root := 256*q.step, math.Sqrt(float64(d))
	for i, s := range scores {
		row := block.First + int64(i)
		scale := float64(f.scales[row])
		score := float64(s) * step * scale
		off := 128.6 * scale * root
		slack := off + q.rounded*(1+off) + sure
		if score+slack < b.least || keep != nil && !keep(row) {
			continue
		}
		b.add(row, score-slack, score+slack)
	}
}

// rescore scores the rows that may be among the best with both halves.
func (f *File) rescore(q *question, b *best) []Hit {
	hits := make([]Hit, 0, len(b.rows))
	for _, r := range b.rows {
		if r.most >= b.least {
			hits = append(hits, Hit{r.row, f.score(q.vector, r.row)})
		}
	}
	slices.SortFunc(hits, func(a, b Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
	})
	return hits[:min(len(hits), b.k)]
}
