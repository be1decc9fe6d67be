package transforms

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestDrainWaitsForOpenFilesAndTakesNoMore(t *testing.T) {
	d := newDrain()
	if !d.enter() || !d.enter() {
		t.Fatal("a file was refused before the drain")
	}
	if open := d.close(); open != 2 {
		t.Fatalf("%d files open, want 2", open)
	}
	if d.enter() {
		t.Fatal("a file was taken after the drain")
	}
	var left atomic.Int32
	go func() {
		for range 2 {
			time.Sleep(time.Millisecond)
			left.Add(1)
			d.leave()
		}
	}()
	d.wait()
	if n := left.Load(); n != 2 {
		t.Fatalf("drained after %d of 2 files", n)
	}
}
