package models

const (
	// raiseAfter is how many large batches must run under a lowered token budget until it is
	// doubled.
	raiseAfter = 64
	// raiseAfterMost bounds how long a budget that had to be lowered again waits.
	raiseAfterMost = 64 * raiseAfter
)

// tokenBudget is how many padded tokens a batch may have. It falls when a batch fails whose halves
// run: the batch took too much memory, or the device failed for a moment. Nobody can tell which, so
// the budget is doubled again, up to what it was, after some batches that ran. If it then falls
// again, the next attempt waits for twice as many. TCP looks for its window in this way.
type tokenBudget struct {
	now, full int
	least     int // tokens of the longest text that the model reads
	ranLarge  int // large batches since the budget changed
	wait      int // for so many of them
	raised    bool
}

func newTokenBudget(full, least int) tokenBudget {
	return tokenBudget{now: full, full: full, least: least, wait: raiseAfter}
}

// large reports whether a batch is so large that it tests the budget.
func (b *tokenBudget) large(padded int) bool { return 2*padded >= b.now }

// lower halves the budget because a batch failed and its halves ran.
func (b *tokenBudget) lower(padded int) (budget int, lowered bool) {
	half := max(padded/2, b.least)
	if !b.large(padded) || half >= b.now {
		return b.now, false
	}
	if b.raised {
		b.wait = min(2*b.wait, raiseAfterMost)
	}
	b.now, b.ranLarge, b.raised = half, 0, false
	return b.now, true
}

// ran doubles a lowered budget after enough batches that ran.
func (b *tokenBudget) ran(padded int) (budget int, raised bool) {
	if b.now == b.full || !b.large(padded) {
		return b.now, false
	}
	if b.ranLarge++; b.ranLarge < b.wait {
		return b.now, false
	}
	b.now, b.ranLarge, b.raised = min(2*b.now, b.full), 0, true
	return b.now, true
}
