package models

import "sync"

// item is one tokenised text that waits for a batch.
type item struct {
	ids []uint32
	job *Job
	row int // its place in the job
}

// window holds tokenised texts by length and forms batches from them.
//
// A batch is full when texts of one length fill the token budget. A batch that
// is not full is formed only when waiting cannot help: the window is full, or
// no stream is about to bring more texts. "About to" is counted, not guessed by
// a timer: a stream is busy unless it waits for the engine.
type window struct {
	mu      sync.Mutex
	change  sync.Cond
	byLen   [][]item
	waiting int // texts in byLen
	tokens  int // their tokens
	busy    int // streams that are reading, not waiting
	closed  bool
	budget  int // padded tokens in a batch
	limit   int // tokens in the window at which streams must wait
}

func newWindow(maxLength, budget, limit int) *window {
	w := &window{byLen: make([][]item, maxLength+1), budget: budget, limit: limit}
	w.change.L = &w.mu
	return w
}

// setBusy counts a stream as one that will bring more texts (+1) or not (-1).
func (w *window) setBusy(n int) {
	w.mu.Lock()
	w.busy += n
	w.mu.Unlock()
	w.change.Broadcast()
}

// add puts texts in, waiting while the window is full. The caller is a busy
// stream and counts as waiting meanwhile.
func (w *window) add(items []item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	w.change.Broadcast()
	for w.tokens >= w.limit && !w.closed {
		w.change.Wait()
	}
	w.busy++
	for _, it := range items {
		n := len(it.ids)
		w.byLen[n] = append(w.byLen[n], it)
		w.tokens += n
		w.waiting++
	}
	w.change.Broadcast()
}

// next returns a batch, waiting until there is one; nil when the window is closed.
func (w *window) next() []item {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if w.closed {
			return nil
		}
		if w.waiting > 0 {
			if b := w.take(w.busy == 0 || w.tokens >= w.limit); b != nil {
				w.change.Broadcast()
				return b
			}
		}
		w.change.Wait()
	}
}

// take forms a batch, the longest texts first. Where partial is false it forms
// only full batches of one length and returns nil if there is none.
func (w *window) take(partial bool) []item {
	for n := len(w.byLen) - 1; n > 0; n-- {
		if len(w.byLen[n]) >= max(1, w.budget/n) {
			return w.fill(n, n)
		}
	}
	if !partial {
		return nil
	}
	for n := len(w.byLen) - 1; n > 0; n-- {
		if len(w.byLen[n]) > 0 {
			return w.fill(n, 1)
		}
	}
	return nil
}

// fill takes texts of length longest, then shorter ones down to shortest, until
// the budget is used up by texts padded to longest.
func (w *window) fill(longest, shortest int) []item {
	room := max(1, w.budget/longest)
	batch := make([]item, 0, room)
	for n := longest; n >= shortest && len(batch) < room; n-- {
		k := min(room-len(batch), len(w.byLen[n]))
		if k == 0 {
			continue
		}
		batch = append(batch, w.byLen[n][:k]...)
		w.byLen[n] = w.byLen[n][k:]
		w.tokens -= k * n
		w.waiting -= k
	}
	return batch
}

func (w *window) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.change.Broadcast()
}
