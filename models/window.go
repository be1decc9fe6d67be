package models

import "sync"

// lastBatches is the number of batches at the end that are run with the longest texts first.
const lastBatches = 4

// item is one tokenised text that waits for a batch.
type item struct {
	ids     []uint32
	key     sequenceKey
	job     *Job
	place   int   // among the job's sequences
	first   bool  // it begins its text
	reused  bool  // it is not run: the vector of an equal one is taken
	arrived int64 // the number of the job that it came with, set by add
}

// finish puts the item's vector in its place in the job.
func (it item) finish(vector []float32, err error) {
	if err == nil {
		copy(it.job.vectors[it.place*len(vector):], vector)
	}
	it.count(err != nil)
	it.job.done(1, err)
}

// count tells whoever waits for the job that one more sequence is embedded or has failed.
func (it item) count(failed bool) {
	if it.job.embedded == nil {
		return
	}
	n := Embedded{Tokens: int64(len(it.ids)), Failed: failed}
	if it.first {
		n.Texts = 1
	}
	if !it.reused {
		n.Run = n.Tokens
	}
	it.job.embedded(n)
}

// window holds tokenised texts by length and forms batches from them.
//
// A batch is full when texts of one length fill the token budget. A batch of
// mixed lengths is formed only if waiting cannot help, because the window is full or
// no stream is about to bring more texts. No timer guesses this: a stream is about to
// bring more texts unless it waits for the engine.
//
// Batches are formed around the texts that have waited longest, so that files are
// finished in the order in which they were opened. Then a run that is killed loses only
// the few open files, and not a part of every file. When only a few batches are left and
// no more texts come, the longest texts go first, so that all cores end at about
// the same time.
type window struct {
	mu      sync.Mutex
	change  sync.Cond
	byLen   [][]item // by number of tokens; each in the order of arrival
	arrived int64    // jobs that were ever added
	waiting int      // texts in byLen
	tokens  int      // their tokens
	busy    int      // streams that are reading, not waiting
	budget  tokenBudget
	limit   int // streams must wait if the window has so many tokens
}

func newWindow(maxLength, budget, limit int) *window {
	w := &window{byLen: make([][]item, maxLength+1), budget: newTokenBudget(budget, maxLength), limit: limit}
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

// add puts texts in, and waits while the window is full. The caller is a busy stream,
// which does not count as busy while it waits.
func (w *window) add(items []item) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	w.change.Broadcast()
	for w.tokens >= w.limit {
		w.change.Wait()
	}
	w.busy++
	w.arrived++
	for _, it := range items {
		n := len(it.ids)
		it.arrived = w.arrived
		w.byLen[n] = append(w.byLen[n], it)
		w.tokens += n
		w.waiting++
	}
	w.change.Broadcast()
}

// next waits for a batch and returns it.
func (w *window) next() []item {
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		if w.waiting > 0 {
			if b := w.take(w.busy == 0 || w.tokens >= w.limit); b != nil {
				w.change.Broadcast()
				return b
			}
		}
		w.change.Wait()
	}
}

// take forms a batch around the text that has waited longest, or around the
// longest of the last ones. If partial is false it forms only full batches of
// one length and returns nil if there is none.
func (w *window) take(partial bool) []item {
	ending := w.busy == 0 && w.tokens <= lastBatches*w.budget.now
	oldest := 0
	for n := len(w.byLen) - 1; n > 0; n-- {
		if len(w.byLen[n]) == 0 || !partial && len(w.byLen[n]) < w.room(n) {
			continue
		}
		if oldest == 0 || !ending && w.byLen[n][0].arrived < w.byLen[oldest][0].arrived {
			oldest = n
		}
	}
	if oldest == 0 {
		return nil
	}
	return w.fill(oldest)
}

// room is how many texts of n tokens fill the budget.
func (w *window) room(n int) int { return max(1, w.budget.now/n) }

// fill takes texts of n tokens, then those of the nearest lengths, shorter or
// longer, until these texts, padded to the longest, use up the budget. A smaller batch
// would cost nearly as much, because each Run reads the whole model from memory.
func (w *window) fill(n int) []item {
	batch := w.pop(make([]item, 0, w.room(n)), n, w.room(n))
	longest, below, above := n, n-1, n+1
	for len(batch) < w.room(longest) {
		for below > 0 && len(w.byLen[below]) == 0 {
			below--
		}
		for above < len(w.byLen) && len(w.byLen[above]) == 0 {
			above++
		}
		// A longer text makes the whole batch wider, and the batch must fit even then.
		longer := above < len(w.byLen) && w.room(above) > len(batch)
		switch {
		case below > 0 && (!longer || n-below <= above-n):
			batch = w.pop(batch, below, w.room(longest))
		case longer:
			longest = above
			batch = w.pop(batch, above, w.room(longest))
		default:
			return batch
		}
	}
	return batch
}

// pop moves texts of n tokens to a batch until it has room texts.
func (w *window) pop(batch []item, n, room int) []item {
	k := min(room-len(batch), len(w.byLen[n]))
	batch = append(batch, w.byLen[n][:k]...)
	w.byLen[n] = w.byLen[n][k:]
	w.waiting -= k
	w.tokens -= k * n
	return batch
}

// lower notes that a batch of that many padded tokens failed and its halves ran.
func (w *window) lower(padded int) (budget int, lowered bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.budget.lower(padded)
}

// ran notes that a batch of that many padded tokens ran.
func (w *window) ran(padded int) (budget int, raised bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.budget.ran(padded)
}
