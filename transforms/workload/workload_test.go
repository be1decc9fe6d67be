package workload

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
)

// watched returns a workload with the rows of some files looked up.
func watched(ctx context.Context, most int, rows []int64) *Workload {
	w := New(most)
	sizes := map[string]int64{}
	for i, n := range rows {
		sizes[name(i)] = n
	}
	w.Watch(ctx, func(path string) int64 { return sizes[path] })
	for i := range rows {
		w.Add(name(i))
	}
	synctest.Wait()
	return w
}

func name(i int) string { return fmt.Sprintf("file-%d", i) }

func TestRowsLeft(t *testing.T) {
	const unknown = -1
	for what, c := range map[string]struct {
		rows []int64
		most int
		do   func(w *Workload)
		want int64
	}{
		"no file":                        {nil, 10, func(*Workload) {}, unknown},
		"files that wait":                {[]int64{1, 20, 300}, 10, func(*Workload) {}, 321},
		"a file of which a part is done": {[]int64{1, 20, 300}, 10, func(w *Workload) { w.Begin(name(2), 300).Embedded(100) }, 221},
		"a file that ended":              {[]int64{1, 20, 300}, 10, func(w *Workload) { w.Begin(name(1), 20); w.End(name(1)) }, 301},
		"a file that failed half-way":    {[]int64{1, 20, 300}, 10, func(w *Workload) { w.Begin(name(2), 300).Embedded(100); w.End(name(2)) }, 21},
		"a file that could not be opened, or that a worker embedded": {[]int64{1, 20, 300}, 10, func(w *Workload) { w.End(name(2)) }, 21},
		"more rows than the footer says":                             {[]int64{1, 20}, 10, func(w *Workload) { w.Begin(name(0), 1).Embedded(5) }, 20},
		"all have ended":                                             {[]int64{1, 20}, 10, func(w *Workload) { w.End(name(0)); w.End(name(1)) }, 0},
		"more files than the sample":                                 {[]int64{7, 7, 7, 7, 7, 7}, 2, func(w *Workload) { w.End(name(5)) }, 35},
		"none of the sample is left": {[]int64{7, 7, 7}, 1, func(w *Workload) {
			for _, s := range w.sample {
				w.Begin(s.path, 7)
				w.End(s.path)
			}
		}, 14},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				w := watched(ctx, c.most, c.rows)
				c.do(w)
				got, known := w.Left()
				if known != (c.want != unknown) || known && got != c.want {
					t.Errorf("%d rows left, known %v, want %d", got, known, c.want)
				}
				cancel()
				synctest.Wait()
			})
		})
	}
}

func TestNothingIsKeptWhereNobodyWatches(t *testing.T) {
	w := New(10)
	w.Add("a")
	w.Begin("a", 5)
	if rows, known := w.Left(); known || w.seen != 0 {
		t.Errorf("%d rows left, known %v, %d files", rows, known, w.seen)
	}
}

func TestASampleStandsForAllFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		rows := make([]int64, 100_000)
		var sum int64
		for i := range rows { // in order: the first files are the smallest
			rows[i] = int64(1 + i/20)
			sum += rows[i]
		}
		w := watched(ctx, 4096, rows)
		for i := range rows {
			if i%1000 == 0 && i <= 90_000 {
				got, _ := w.Left()
				if off := float64(got)/float64(sum) - 1; off < -0.1 || off > 0.1 {
					t.Fatalf("after %d files %d rows are left, not %d", i, sum, got)
				}
			}
			w.End(name(i))
			sum -= rows[i]
		}
		cancel()
		synctest.Wait()
	})
}
