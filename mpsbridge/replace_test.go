package mpsbridge

import (
	"context"
	"testing"
	"time"
)

func TestAnOutputIsToBeReplacedUntilSomebodyHasDoneIt(t *testing.T) {
	ctx := context.Background()
	q := startRedis(t).open(t)
	all := jobs(2)
	if err := q.Replace(ctx, all); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Enqueue(ctx, all, true); err != nil {
		t.Fatal(err)
	}
	left := func() int64 { return q.client.SCard(ctx, q.replace()).Val() }
	if left() != 2 {
		t.Fatalf("%d outputs are to be replaced, want 2", left())
	}
	mac := q.worker(t, "mac")
	if mac.ack(mac.take()) != 1 || left() != 1 {
		t.Errorf("after an ack: %d, want 1", left())
	}
	if taken, err := q.Withdraw(ctx, all, 2); err != nil || len(taken) != 1 || left() != 0 {
		t.Errorf("after %v was withdrawn (%v): %d, want 0", taken, err, left())
	}
}

func TestAWorkersSpeedIsInTheStatus(t *testing.T) {
	ctx := context.Background()
	q := startRedis(t).open(t)
	mac := q.worker(t, "mac") // says 600 rows in 2 s
	status, err := q.Status(ctx)
	if err != nil || len(status.Workers) != 1 {
		t.Fatal(status, err)
	}
	if w := status.Workers[0]; w.Rows != 600 || w.RowsPerSecond != 300 {
		t.Errorf("%d rows, %g rows/s, want 600 and 300", w.Rows, w.RowsPerSecond)
	}
	mac.leave()
	if n := q.client.HLen(ctx, q.rows()).Val(); n != 0 {
		t.Errorf("%d workers are remembered after the only one left", n)
	}
	for text, want := range map[string]float64{"": 0, "5": 0, "5 0": 0, "x y": 0, "10 4000": 2.5} {
		if _, got := speed(text); got != want {
			t.Errorf("%q: %g rows/s, want %g", text, got, want)
		}
	}
}

func TestEventsWithoutWaitingReturnAtOnce(t *testing.T) {
	q := startRedis(t).open(t)
	start := time.Now()
	if _, _, err := q.Events(context.Background(), "0-0", 0); err != nil || time.Since(start) > 5*time.Second {
		t.Errorf("it took %v: %v", time.Since(start), err)
	}
}
