package models

import "testing"

func texts(lengths ...int) []item {
	items := make([]item, len(lengths))
	for i, n := range lengths {
		items[i] = item{ids: make([]uint32, n), place: i}
	}
	return items
}

func lengths(batch []item) []int {
	var out []int
	for _, it := range batch {
		out = append(out, len(it.ids))
	}
	return out
}

func TestWindowFormsBatchesOfEqualLengthWhileStreamsAreBusy(t *testing.T) {
	w := newWindow(16, 8, 1000)
	w.setBusy(1)
	w.add(texts(4, 2, 4, 3))
	if got := lengths(w.next()); len(got) != 2 || got[0] != 4 || got[1] != 4 {
		t.Fatalf("first batch has lengths %v, want [4 4]", got)
	}
	if b := w.take(false); b != nil {
		t.Fatalf("took %v though a stream is busy and no batch is full", lengths(b))
	}
	w.setBusy(-1)
	if got := lengths(w.next()); len(got) != 2 || got[0] != 3 || got[1] != 2 {
		t.Fatalf("last batch has lengths %v, want [3 2]", got)
	}
	if w.waiting != 0 || w.tokens != 0 {
		t.Fatalf("%d texts of %d tokens are left", w.waiting, w.tokens)
	}
}

func TestWindowTakesATextLongerThanTheBudgetAlone(t *testing.T) {
	w := newWindow(16, 8, 1000)
	w.setBusy(1)
	w.add(texts(16, 1))
	if got := lengths(w.next()); len(got) != 1 || got[0] != 16 {
		t.Fatalf("batch has lengths %v, want [16]", got)
	}
}

func TestWindowDoesNotWaitWhenItIsFull(t *testing.T) {
	w := newWindow(16, 100, 10)
	w.setBusy(1)
	w.add(texts(5, 5))
	if got := lengths(w.next()); len(got) != 2 {
		t.Fatalf("batch has lengths %v, want [5 5]", got)
	}
}

// Texts that came first are embedded first, whatever their length, so that a file that
// was opened early does not wait for later ones.
func TestWindowServesTheOldestTextsFirst(t *testing.T) {
	w := newWindow(16, 8, 1000)
	w.add(texts(2, 1))
	w.add(texts(8, 7, 2, 2, 8, 8))
	if got := lengths(w.take(true)); len(got) != 4 || got[0] != 2 || got[3] != 1 {
		t.Fatalf("first batch has lengths %v, want [2 2 2 1]", got)
	}
	if got := lengths(w.take(true)); len(got) != 1 || got[0] != 8 {
		t.Fatalf("second batch has lengths %v, want [8]", got)
	}
}

// The last few batches run with the longest texts first, so that all cores end at about
// the same time.
func TestWindowEndsWithTheShortestTexts(t *testing.T) {
	w := newWindow(16, 8, 1000)
	w.add(texts(2, 1))
	w.add(texts(8, 7, 2, 2))
	for _, first := range []int{8, 7, 2} {
		if got := lengths(w.take(true)); len(got) == 0 || got[0] != first {
			t.Fatalf("batch has lengths %v, want it to begin with %d", got, first)
		}
	}
}
