package models

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// waiting makes n items of jobs of their own that have the same tokens.
func waiting(ctx context.Context, n int, ids ...uint32) []item {
	items := make([]item, n)
	for i := range items {
		job, _ := newJob(ctx, []encoded{{sequences: [][]uint32{ids}}}, 2)
		items[i] = item{ids: ids, key: keyOf(ids), job: job}
	}
	return items
}

func TestEqualSequencesAreRunOnce(t *testing.T) {
	d := newDedup(2, 1)
	same := waiting(t.Context(), 3, 1, 2)
	other := waiting(t.Context(), 1, 2, 1)[0]
	if !d.claim(same[0]) || d.claim(same[1]) || !d.claim(other) {
		t.Fatal("want the first and the other to be run, not the second")
	}
	d.settle(same[0], []float32{3, 4}, nil)
	if d.claim(same[2]) {
		t.Fatal("a sequence that was run before is run again")
	}
	for i, it := range same {
		select {
		case <-it.job.finished:
		default:
			t.Fatalf("job %d has not ended", i)
		}
		if !slices.Equal(it.job.vectors, []float32{3, 4}) || it.job.err != nil {
			t.Errorf("job %d has %v, error %v", i, it.job.vectors, it.job.err)
		}
	}
	if d.abandon(other) != true {
		t.Error("nobody waits for the other")
	}
}

func TestThoseThatWaitForAFailedSequenceFailToo(t *testing.T) {
	d := newDedup(2, 1)
	same := waiting(t.Context(), 3, 1, 2)
	d.claim(same[0])
	d.claim(same[1])
	wrong := errors.New("wrong")
	d.settle(same[0], nil, wrong)
	if !errors.Is(same[1].job.err, wrong) {
		t.Errorf("error %v", same[1].job.err)
	}
	if !d.claim(same[2]) {
		t.Error("a failed sequence is not tried again")
	}
}

func TestACancelledSequenceIsRunForOthersThatWait(t *testing.T) {
	d := newDedup(2, 1)
	same := waiting(t.Context(), 2, 1, 2)
	d.claim(same[0])
	d.claim(same[1])
	if d.abandon(same[0]) {
		t.Error("abandoned while another waits")
	}
}

func TestOnlySoManyVectorsAreKept(t *testing.T) {
	d := newDedup(2, 1)
	d.kept.Resize(2)
	run := func(ids ...uint32) bool {
		it := waiting(t.Context(), 1, ids...)[0]
		first := d.claim(it)
		if first {
			d.settle(it, []float32{float32(ids[0]), 0}, nil)
		} else if it.job.vectors[0] != float32(ids[0]) {
			t.Fatalf("%v got the vector of %v", ids, it.job.vectors[0])
		}
		return first
	}
	for _, step := range []struct {
		id   uint32
		runs bool
	}{
		{1, true}, {2, true}, {1, false}, // 1 is asked for again
		{3, true},             // so 2 is given up
		{1, false}, {2, true}, // 2 takes 3's place: 1 was asked for
		{1, false}, {3, true},
	} {
		if got := run(step.id); got != step.runs {
			t.Fatalf("sequence %d: run %v, want %v", step.id, got, step.runs)
		}
	}
	none := newDedup(2, 0)
	it := waiting(t.Context(), 2, 7)
	none.claim(it[0])
	none.settle(it[0], []float32{1, 2}, nil)
	if !none.claim(it[1]) {
		t.Error("a vector was kept without memory for it")
	}
}
