package embedding

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestAClosedGateWaitsForThoseInsideAndLetsNoMoreIn(t *testing.T) {
	g := newGate()
	for range 2 {
		if !g.enter(time.Now()) {
			t.Fatal("refused by an open gate")
		}
	}
	if inside := g.close(); inside != 2 {
		t.Fatalf("%d inside, want 2", inside)
	}
	if g.enter(time.Now()) {
		t.Fatal("let in by a closed gate")
	}
	var left atomic.Int32
	go func() {
		for range 2 {
			time.Sleep(time.Millisecond)
			left.Add(1)
			g.leave(time.Now())
		}
	}()
	g.wait(time.Minute)
	if n := left.Load(); n != 2 {
		t.Fatalf("waited for %d of 2", n)
	}
}

func TestAGateIsInUseWhileSomethingIsInside(t *testing.T) {
	g, start := newGate(), time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	g.enter(at(1))
	g.enter(at(2))
	g.leave(at(3))
	if got := g.inUse(at(4)); got != 3*time.Second {
		t.Fatalf("in use for %v so far, want 3s", got)
	}
	g.leave(at(5))
	g.enter(at(10))
	g.leave(at(11))
	if got := g.inUse(at(20)); got != 5*time.Second {
		t.Fatalf("in use for %v, want 5s", got)
	}
}
