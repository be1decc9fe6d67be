package models

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const poison = 99 // the first token of a text on which the model fails

var errModel = errors.New("out of memory")

// device is used in place of a session, and fails if fails says so.
type device struct {
	fails func(batch [][]uint32) bool
	tries int
}

func (d *device) run(batch [][]uint32, emit func(int, []float32)) error {
	d.tries++
	if d.fails(batch) {
		return errModel
	}
	for row, ids := range batch {
		emit(row, []float32{float32(ids[0]), 0})
	}
	return nil
}

func poisoned(batch [][]uint32) bool {
	return slices.ContainsFunc(batch, func(ids []uint32) bool { return ids[0] == poison })
}

// engineOn returns an engine without workers whose batches d runs, with short pauses between probes.
func engineOn(d *device, budget int) *Engine {
	return &Engine{
		Folder: &Folder{Dimension: 2}, dedup: newDedup(2, 0), window: newWindow(8, budget, 1000),
		model: d.run, probe: []uint32{1, 2}, pauses: []time.Duration{0, 1, 1},
	}
}

// ofFiles makes items of texts that begin with the tokens, each of a file of its own.
func ofFiles(t *testing.T, e *Engine, tokens ...uint32) (items []item) {
	t.Helper()
	for i, first := range tokens {
		it := waiting(t.Context(), 1, first, uint32(i), 3, 4)[0]
		it.job.stream = &Stream{engine: e}
		if !e.dedup.claim(it) {
			t.Fatal("it must be run")
		}
		items = append(items, it)
	}
	return items
}

func TestOnlyTheTextThatFailsAloneFails(t *testing.T) {
	d := &device{fails: poisoned}
	e := engineOn(d, 64)
	items := ofFiles(t, e, 10, 11, poison, 13, 14, 15, poison, 17, 18)
	e.run(items)
	for i, it := range items {
		select {
		case <-it.job.finished:
		default:
			t.Fatalf("text %d has not ended", i)
		}
		if it.ids[0] == poison {
			if !errors.Is(it.job.err, errModel) || errors.Is(it.job.err, ErrBroken) {
				t.Errorf("text %d: error %v", i, it.job.err)
			}
		} else if it.job.err != nil || it.job.vectors[0] != float32(it.ids[0]) {
			t.Errorf("text %d: vector %v, error %v", i, it.job.vectors, it.job.err)
		}
	}
	if e.window.budget.now != 64 {
		t.Errorf("the token budget became %d for two bad texts", e.window.budget.now)
	}
}

func TestADeadDeviceIsToldAtOnceAndBreaksTheEngine(t *testing.T) {
	d := &device{fails: func([][]uint32) bool { return true }}
	e := engineOn(d, 64)
	for range 100 {
		items := ofFiles(t, e, 10, 11, 12, 13, 14, 15, 16, 17)
		e.run(items)
		for i, it := range items {
			if !errors.Is(it.job.err, ErrBroken) || !errors.Is(it.job.err, errModel) {
				t.Fatalf("text %d: error %v", i, it.job.err)
			}
			if strings.Contains(it.job.err.Error(), "\n") || !strings.Contains(it.job.err.Error(), "doctor") {
				t.Fatalf("the error is not one line that says what to do: %v", it.job.err)
			}
		}
	}
	if most := 4 + len(e.pauses); d.tries > most {
		t.Errorf("%d tries, want at most %d", d.tries, most)
	}
}

func TestADeviceThatComesBackCostsNoText(t *testing.T) {
	d := &device{}
	d.fails = func([][]uint32) bool { return d.tries <= 2 } // the text and the first probe
	e := engineOn(d, 64)
	items := ofFiles(t, e, 10)
	e.run(items)
	if items[0].job.err != nil {
		t.Error(items[0].job.err)
	}
}

// A device that runs an empty text and nothing else is broken, too.
func TestTextsOfManyFilesThatFailInARowBreakTheEngine(t *testing.T) {
	d := &device{fails: func(batch [][]uint32) bool { return len(batch[0]) > 2 }}
	e := engineOn(d, 64)
	for n := range 2 * brokenAfter {
		items := ofFiles(t, e, 10)
		e.run(items)
		if broken := errors.Is(items[0].job.err, ErrBroken); broken != (n >= brokenAfter-1) {
			t.Fatalf("file %d: broken %v (%v)", n, broken, items[0].job.err)
		}
	}
}

func TestOneBadFileDoesNotBreakTheEngine(t *testing.T) {
	e := engineOn(&device{fails: poisoned}, 64)
	bad := &Stream{engine: e}
	for n := range 10 * brokenAfter {
		items := ofFiles(t, e, poison)
		items[0].job.stream = bad
		e.run(items)
		if errors.Is(items[0].job.err, ErrBroken) {
			t.Fatalf("text %d of one file broke the engine", n)
		}
	}
}

func TestBadFilesAmongGoodOnesDoNotBreakTheEngine(t *testing.T) {
	e := engineOn(&device{fails: poisoned}, 64)
	for n := range 3 * brokenAfter {
		items := ofFiles(t, e, poison)
		e.run(items)
		if errors.Is(items[0].job.err, ErrBroken) {
			t.Fatalf("file %d broke the engine", n)
		}
		e.run(ofFiles(t, e, 10))
	}
}

func TestABatchThatDoesNotFitLowersTheTokenBudget(t *testing.T) {
	for _, c := range []struct{ fits, want int }{
		{64, 64}, // everything fits
		{40, 32}, // a half
		{20, 16}, // a quarter
		{4, 8},   // not below the longest text
	} {
		t.Run(strconv.Itoa(c.fits), func(t *testing.T) {
			d := &device{fails: func(batch [][]uint32) bool { return len(batch)*4 > c.fits }}
			e := engineOn(d, 64)
			items := ofFiles(t, e, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25)
			e.run(items)
			for i, it := range items {
				if it.job.err != nil {
					t.Errorf("text %d: %v", i, it.job.err)
				}
			}
			if e.window.budget.now != c.want {
				t.Errorf("the token budget is %d, want %d", e.window.budget.now, c.want)
			}
		})
	}
}

func TestASmallBatchThatFailsOnceLeavesTheTokenBudget(t *testing.T) {
	d := &device{}
	d.fails = func([][]uint32) bool { return d.tries == 1 }
	e := engineOn(d, 64)
	e.run(ofFiles(t, e, 10, 11))
	if e.window.budget.now != 64 {
		t.Errorf("the token budget is %d", e.window.budget.now)
	}
}

// batchOf makes the items of one batch: texts of 4 tokens each.
func batchOf(t *testing.T, e *Engine, texts int) []item {
	t.Helper()
	tokens := make([]uint32, texts)
	for i := range tokens {
		tokens[i] = uint32(10 + i)
	}
	return ofFiles(t, e, tokens...)
}

func TestAShortFailureLowersTheTokenBudgetForAWhileOnly(t *testing.T) {
	d := &device{}
	d.fails = func([][]uint32) bool { return d.tries == 1 }
	e := engineOn(d, 64)
	e.run(batchOf(t, e, 16))
	if e.window.budget.now != 32 {
		t.Fatalf("the token budget is %d after a failure", e.window.budget.now)
	}
	for range raiseAfter {
		e.run(batchOf(t, e, 1)) // small ones say nothing
	}
	if e.window.budget.now != 32 {
		t.Fatalf("small batches raised the token budget to %d", e.window.budget.now)
	}
	for range raiseAfter {
		e.run(batchOf(t, e, 8))
	}
	if e.window.budget.now != 64 {
		t.Errorf("the token budget is still %d after %d batches that ran", e.window.budget.now, raiseAfter)
	}
}

// Batches of 40 padded tokens fit, and the budget is 64.
func TestATokenBudgetThatIsTooLargeIsTriedLessAndLessOften(t *testing.T) {
	failed := 0
	d := &device{fails: func(batch [][]uint32) bool {
		fails := len(batch)*4 > 40
		if fails {
			failed++
		}
		return fails
	}}
	e := engineOn(d, 64)
	const batches = 100 * raiseAfter
	for range batches {
		e.run(batchOf(t, e, e.window.budget.now/4))
	}
	if failed < 2 || failed > 8 {
		t.Errorf("%d of %d batches failed, want a few", failed, batches)
	}
}
