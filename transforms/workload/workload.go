// Package workload keeps count of the files that are to be embedded and estimates how many rows
// are left. If there are very many files it keeps only a sample, so that its memory is bounded.
package workload

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// readers is how many files have their rows looked up at the same time.
const readers = 4

// Workload is the files that are to be embedded, by their paths.
type Workload struct {
	mu      sync.Mutex
	watched bool
	wake    sync.Cond

	waiting int64 // files that nobody has opened yet
	seen    int64 // files that ever waited
	// sample is of all files ever seen; those that do not wait any more stay in their slots.
	sample   []*sampled
	byPath   map[string]*sampled
	unread   []*sampled
	measured sizes // those of the sample that wait and whose rows are known

	open   map[string]*File
	opened sizes // all files that were ever opened
}

// sampled is a file of the sample.
type sampled struct {
	path    string
	rows    int64 // -1: not known yet
	waiting bool
}

// File is a file that is being embedded.
type File struct {
	rows     int64
	embedded atomic.Int64
}

// sizes are files and their rows.
type sizes struct{ files, rows int64 }

// New returns a workload that looks up the rows of up to most files before their turn. If there
// are more, the rows left are an estimate.
func New(most int) *Workload {
	w := &Workload{sample: make([]*sampled, 0, most), byPath: map[string]*sampled{}, open: map[string]*File{}}
	w.wake.L = &w.mu
	return w
}

// Watch looks up the rows of files with rowsOf until ctx ends. Until Watch is called, Add does nothing.
func (w *Workload) Watch(ctx context.Context, rowsOf func(path string) int64) {
	w.mu.Lock()
	w.watched = true
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock() // so that nobody is between looking at ctx and waiting
		defer w.mu.Unlock()
		w.wake.Broadcast()
	})
	for range readers {
		go func() {
			for s := w.next(ctx); s != nil; s = w.next(ctx) {
				w.measure(s, rowsOf(s.path))
			}
		}()
	}
}

// next waits for a file whose rows are not known. It takes a random one, not the first: files of
// one subreddit are alike, and come one after the other.
func (w *Workload) next(ctx context.Context) *sampled {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ctx.Err() == nil {
		for last := len(w.unread) - 1; last >= 0; last-- {
			i := rand.IntN(last + 1)
			s := w.unread[i]
			w.unread[i] = w.unread[last]
			w.unread = w.unread[:last]
			if s.waiting {
				return s
			}
		}
		w.wake.Wait()
	}
	return nil
}

func (w *Workload) measure(s *sampled, rows int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.rows = rows
	if s.waiting {
		w.measured.add(rows)
	}
}

// Add adds a file that is to be embedded. Each file has the same chance to be in the sample
// (Vitter, Random Sampling with a Reservoir, 1985, algorithm R).
func (w *Workload) Add(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.watched {
		return
	}
	w.waiting++
	w.seen++
	s := &sampled{path: path, rows: -1, waiting: true}
	if len(w.sample) < cap(w.sample) {
		w.sample = append(w.sample, s)
	} else if i := rand.Int64N(w.seen); i < int64(len(w.sample)) {
		w.leave(w.sample[i])
		w.sample[i] = s
	} else {
		return
	}
	w.byPath[s.path] = s
	w.unread = append(w.unread, s)
	w.wake.Signal()
}

// leave takes a file out of the sample's waiting ones.
func (w *Workload) leave(s *sampled) {
	if s.waiting && s.rows >= 0 {
		w.measured.files--
		w.measured.rows -= s.rows
	}
	s.waiting = false
	delete(w.byPath, s.path)
}

// stopWaiting notes that a file has been opened, or has ended unopened.
func (w *Workload) stopWaiting(path string) {
	w.waiting = max(0, w.waiting-1)
	if s := w.byPath[path]; s != nil {
		w.leave(s)
	}
}

// Begin notes that a file with so many rows is opened.
func (w *Workload) Begin(path string, rows int64) *File {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopWaiting(path)
	w.opened.add(rows)
	f := &File{rows: rows}
	w.open[path] = f
	return f
}

// Embedded counts rows of an open file. It may be called from several goroutines.
func (f *File) Embedded(rows int64) { f.embedded.Add(rows) }

// End notes that a file has ended, opened or not, embedded or not.
func (w *Workload) End(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open[path] == nil {
		w.stopWaiting(path)
	}
	delete(w.open, path)
}

// Left returns the rows of the waiting files plus the rows of the open files that are not embedded yet.
func (w *Workload) Left() (rows int64, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.watched || w.seen == 0 {
		return 0, false
	}
	if w.waiting > 0 {
		like := w.measured
		if like.files == 0 { // none of the few that are left is in the sample
			like = w.opened
		}
		if like.files == 0 {
			return 0, false
		}
		rows = int64(float64(w.waiting) * float64(like.rows) / float64(like.files))
	}
	for _, f := range w.open {
		rows += max(0, f.rows-f.embedded.Load())
	}
	return rows, true
}

func (s *sizes) add(rows int64) {
	s.files++
	s.rows += rows
}
