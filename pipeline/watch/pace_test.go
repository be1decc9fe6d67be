package watch

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestPaceIsThatOfTheLastHalfMinute(t *testing.T) {
	start := time.Unix(0, 0)
	var p pace
	done := int64(0)
	p.update(start, State{Missing: 1000})
	if _, known := p.left(State{Missing: 1000}); known {
		t.Error("the time left is known before anything was done")
	}
	run := func(from, to int, perSecond int64) {
		for second := from; second < to; second++ {
			done += perSecond
			p.update(start.Add(time.Duration(second+1)*time.Second), State{Done: done, Missing: 1000, Rows: 10 * done})
		}
	}
	run(0, 2, 4)
	if got := p.files.perSecond(); math.Abs(got-4) > 1e-9 {
		t.Errorf("after two seconds of 4 files/s: %g", got)
	}
	run(2, 122, 2)
	if got := p.files.perSecond(); got < 2 || got > 2.1 {
		t.Errorf("two minutes later, at 2 files/s: %g", got)
	}
	if got := p.rows.perSecond(); got < 20 || got > 21 {
		t.Errorf("rows/s: %g", got)
	}
	s := State{Done: done, Missing: 1000}
	if left, known := p.left(s); !known || left < 6*time.Minute || left > 7*time.Minute || left%(10*time.Second) != 0 {
		t.Errorf("%d of 1000 files done at 2 a second: %s left, known %v", done, left, known)
	}
	if _, known := p.left(State{Done: 1000, Missing: 1000}); known {
		t.Error("time is left when all is done")
	}
}

func TestALineOfProgressTellsWhatIsKnown(t *testing.T) {
	p := Progress{Words: Words{Dead: "dead letters"}}
	if line := p.line(State{Done: 1, Missing: 5}); len(line) != 2 || line[1] != "1 of 5" {
		t.Errorf("where only files are known: %v", line)
	}
	p.pace.update(time.Unix(0, 0), State{})
	s := State{Done: 2, Missing: 4, Dead: 1, workers: 1, Rows: 20, tokens: 400}
	p.pace.update(time.Unix(10, 0), s)
	want := []any{"files", "2 of 4", "rows", int64(20), "rows/s", int64(2), "tokens/s", int64(40), "left", 10 * time.Second, "dead_letters", int64(1), "by", "workers"}
	got := p.line(s)
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got[i], want[i])
		}
	}
}

func TestALineOfVerifyCountsNoTokens(t *testing.T) {
	p := Progress{Words: Words{Doing: "verifying", Dead: "wrong outputs"}}
	p.pace.update(time.Unix(0, 0), State{})
	s := State{Done: 2, Missing: 4, Dead: 1, Rows: 20}
	p.pace.update(time.Unix(10, 0), s)
	want := []any{"files", "2 of 4", "rows", int64(20), "rows/s", int64(2), "left", 10 * time.Second, "wrong_outputs", int64(1)}
	if got := p.line(s); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
