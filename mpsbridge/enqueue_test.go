package mpsbridge

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const severalPages = 2*pieceOfJobs + 5000

func TestTheListsAreReadOnceHoweverManyJobsAreAsked(t *testing.T) {
	q := startRedis(t).open(t)
	all := jobs(2 * severalPages)
	listed := all[:severalPages]
	if n := must[int](t)(q.Enqueue(ctx, listed, false)); n != len(listed) {
		t.Fatalf("put in %d", n)
	}
	pages := 0
	count := func(context.Context) error { pages++; return nil }
	if got := must[[]string](t)(q.unlisted(ctx, all, count)); !slices.Equal(got, all[severalPages:]) {
		t.Errorf("%d are unlisted, want %d", len(got), severalPages)
	}
	// The pages of todo overlap. The delayed jobs are read twice, and the places between which jobs move once.
	if most := severalPages/(pieceOfJobs-pageOverlap) + 1 + 3; pages > most {
		t.Errorf("%d pages were read, want %d at most", pages, most)
	}
	if n := must[int](t)(q.Enqueue(ctx, slices.Concat(all, all), false)); n != severalPages {
		t.Errorf("put in %d, want those that are in no list, once", n)
	}
}

func TestAJobThatMovesWhileTheListsAreReadIsListed(t *testing.T) {
	for name, move := range map[string]func(w *worker){
		"taken":                  func(w *worker) { w.take() },
		"given back to the head": func(w *worker) { w.giveBack(w.take(), "head") },
		"given back to the tail": func(w *worker) { w.giveBack(w.take(), "tail") },
		"delayed":                func(w *worker) { w.nack(w.take(), 3, time.Hour, "damaged", "bad") },
		"delayed and due": func(w *worker) {
			w.nack(w.take(), 3, 0, "damaged", "bad")
			must[Reaped](w.t)(w.Reap(ctx))
		},
		"left by its worker": func(w *worker) {
			w.take()
			w.leave()
			w.heartbeat(time.Minute, 1)
		},
		"jobs at the tail are withdrawn": func(w *worker) {
			all := w.client.LRange(ctx, w.todo(), -200, -1).Val()
			must[[]string](w.t)(w.Withdraw(ctx, all, len(all)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := startRedis(t).open(t)
			w := q.worker(t, "a")
			all := jobs(severalPages)
			must[int](t)(q.Enqueue(ctx, all, false))
			asked := all[:severalPages-2000] // the others may be withdrawn
			for at := 1; at < 7; at++ {      // before each page in turn
				pages := 0
				moving := func(context.Context) error {
					if pages++; pages == at {
						move(w)
					}
					return nil
				}
				if got := must[[]string](t)(q.unlisted(ctx, asked, moving)); len(got) > 0 {
					t.Errorf("before page %d: %d are in no list: %s", at, len(got), got[0])
				}
			}
		})
	}
}

func TestProducersSideBySidePutEachJobInOnce(t *testing.T) {
	s := startRedis(t)
	all := jobs(pieceOfJobs + 100)
	var put atomic.Int64
	var producers sync.WaitGroup
	for range 4 {
		q := s.open(t)
		producers.Go(func() {
			n, err := q.Enqueue(ctx, all, false)
			if err != nil {
				t.Error(err)
			}
			put.Add(int64(n))
		})
	}
	producers.Wait()
	q := s.open(t)
	if n := q.client.LLen(ctx, q.todo()).Val(); put.Load() != int64(len(all)) || n != int64(len(all)) {
		t.Errorf("%d put in, %d in todo, want %d", put.Load(), n, len(all))
	}
}

func TestATurnEndsWithItsProducer(t *testing.T) {
	q := startRedis(t).open(t)
	dead := must[turn](t)(q.takeTurn(ctx))
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	if _, err := q.Enqueue(soon, jobs(1), false); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("it did not wait for its turn: %v", err)
	}
	if left := q.client.PTTL(ctx, q.enqueuing()).Val(); left <= 0 || left > turnFor {
		t.Errorf("the turn of a producer that dies lasts for %v", left)
	}
	q.client.PExpire(ctx, q.enqueuing(), time.Millisecond)
	if n := must[int](t)(q.Enqueue(ctx, jobs(1), false)); n != 1 {
		t.Error("nothing was put in after it")
	}
	if n, err := dead.put(ctx, jobs(2), false, turnFor); n != 0 || !errors.Is(err, errTurnLost) || strings.Contains(err.Error(), "\n") {
		t.Errorf("put in %d without its turn: %v", n, err)
	}
}
