package transforms

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/threadloom/threadloom/models"
)

// These grow with each text that is embedded, while rows and tokens grow with each file that
// is finished. They never go back: what was embedded of a file that fails stays in them.
var (
	rowsEmbedded   = newLocalCounter("rows_embedded")
	tokensEmbedded = newLocalCounter("tokens_embedded")
	tokensRun      = newLocalCounter("tokens_run")      // those of them that the model ran in this process
	workersRows    = newLocalCounter("rows_by_workers") // those of the rows that came over the bridge
)

const (
	// sampledFiles is how many files have their rows looked up ahead of their turn. Of more
	// files the rows are an estimate, which is about 2 % off where their sizes differ as in
	// 1 to 5,000 rows.
	sampledFiles = 4096
	// footerReaders is how many of them are looked up at the same time.
	footerReaders = 4
)

// theWorkload is this process's.
var theWorkload = newWorkload(sampledFiles)

// WatchRows begins to look up how many rows the files hold that this process is to embed, until
// ctx ends. Without it RowsLeft knows nothing.
func WatchRows(ctx context.Context, o EmbedOptions) {
	theWorkload.watch(ctx, func(input string) int64 { return max(0, rowsOf(o.Layout.input(File{Input: input}), o)) })
}

// RowsLeft returns how many rows are still to be embedded, as far as that is known.
func RowsLeft() (rows int64, known bool) { return theWorkload.left() }

// workload is the files that are to be embedded, with their rows. Of very many files it keeps
// a sample, so that its memory is bounded.
type workload struct {
	mu      sync.Mutex
	watched bool
	wake    sync.Cond

	waiting int64 // files that nobody has opened yet
	seen    int64 // files that ever waited
	// sample is of all files ever seen; those that do not wait any more stay in their slots.
	sample   []*sampled
	byInput  map[string]*sampled
	unread   []*sampled
	measured sizes // those of the sample that wait and whose rows are known

	open   map[string]*openFile
	opened sizes // all files that were ever opened
}

// sampled is a file of the sample.
type sampled struct {
	input   string
	rows    int64 // -1: not known yet
	waiting bool
}

// openFile is a file that is being embedded.
type openFile struct {
	rows     int64
	embedded atomic.Int64
}

// sizes are files and their rows.
type sizes struct{ files, rows int64 }

func newWorkload(most int) *workload {
	w := &workload{sample: make([]*sampled, 0, most), byInput: map[string]*sampled{}, open: map[string]*openFile{}}
	w.wake.L = &w.mu
	return w
}

// watch looks up the rows of the sample's files with rowsOf until ctx ends.
func (w *workload) watch(ctx context.Context, rowsOf func(input string) int64) {
	w.mu.Lock()
	w.watched = true
	w.mu.Unlock()
	context.AfterFunc(ctx, func() {
		w.mu.Lock() // so that nobody is between looking at ctx and waiting
		defer w.mu.Unlock()
		w.wake.Broadcast()
	})
	for range footerReaders {
		go func() {
			for s := w.next(ctx); s != nil; s = w.next(ctx) {
				w.measure(s, rowsOf(s.input))
			}
		}()
	}
}

// next waits for a file whose rows are not known. It takes any of them, not the first: files of
// one subreddit are alike, and come one after the other.
func (w *workload) next(ctx context.Context) *sampled {
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

func (w *workload) measure(s *sampled, rows int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.rows = rows
	if s.waiting {
		w.measured.add(rows)
	}
}

// counting returns what adds a file and hands it on to emit.
func (w *workload) counting(emit func(File)) func(File) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.watched {
		return emit
	}
	return func(file File) {
		w.add(file)
		emit(file)
	}
}

// add adds a file that is to be embedded. Each file has the same chance to be in the sample
// (Vitter, Random Sampling with a Reservoir, 1985, algorithm R).
func (w *workload) add(file File) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.waiting++
	w.seen++
	s := &sampled{input: file.Input, rows: -1, waiting: true}
	if len(w.sample) < cap(w.sample) {
		w.sample = append(w.sample, s)
	} else if i := rand.Int64N(w.seen); i < int64(len(w.sample)) {
		w.leave(w.sample[i])
		w.sample[i] = s
	} else {
		return
	}
	w.byInput[s.input] = s
	w.unread = append(w.unread, s)
	w.wake.Signal()
}

// leave takes a file out of the sample's waiting ones.
func (w *workload) leave(s *sampled) {
	if s.waiting && s.rows >= 0 {
		w.measured.files--
		w.measured.rows -= s.rows
	}
	s.waiting = false
	delete(w.byInput, s.input)
}

// stopWaiting notes that a file has been opened, or has ended unopened.
func (w *workload) stopWaiting(file File) {
	w.waiting = max(0, w.waiting-1)
	if s := w.byInput[file.Input]; s != nil {
		w.leave(s)
	}
}

// begin notes that a file with so many rows is opened here, and returns what counts its rows.
func (w *workload) begin(file File, rows int64) func(models.Embedded) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopWaiting(file)
	w.opened.add(rows)
	f := &openFile{rows: rows}
	w.open[file.Input] = f
	return func(n models.Embedded) {
		f.embedded.Add(n.Texts)
		rowsEmbedded.Add(n.Texts)
		tokensEmbedded.Add(n.Tokens)
		tokensRun.Add(n.Run)
	}
}

// end notes that a file has ended, embedded or not.
func (w *workload) end(file File) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open[file.Input] == nil {
		w.stopWaiting(file)
	}
	delete(w.open, file.Input)
}

// left returns the rows of the files that wait, and of the open ones what is not embedded.
func (w *workload) left() (rows int64, known bool) {
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

// countEmbedded counts a file that another process has embedded, of which nothing is known
// before it has ended.
func countEmbedded(o outcome) {
	if o.err != nil {
		return
	}
	rowsEmbedded.Add(o.stats.Rows)
	if o.bridged {
		workersRows.Add(o.stats.Rows)
		return // a worker tells no tokens
	}
	tokensEmbedded.Add(o.stats.Tokens)
	tokensRun.Add(o.stats.Tokens - o.stats.Reused)
}
