// Package inflight has work done side by side: by a DoFn, whatever the size of the runner's bundles,
// and for a list. Who starts it shares a limit with others of the process.
package inflight

import (
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Group lets a DoFn work on several elements at once, whatever the size of the
// runner's bundles: ProcessElement hands an element over and emits what is done
// of those before it, FinishBundle emits the rest.
type Group[T any] struct {
	open sync.WaitGroup
	mu   sync.Mutex
	done []T
}

// Start does work in the background once limit has a place for it.
func (g *Group[T]) Start(limit chan struct{}, work func() T) {
	limit <- struct{}{}
	g.run(limit, work)
}

// TryStart is Start unless limit has no place now: then it returns false.
func (g *Group[T]) TryStart(limit chan struct{}, work func() T) bool {
	select {
	case limit <- struct{}{}:
		g.run(limit, work)
		return true
	default:
		return false
	}
}

// run does work in the background in a place of limit.
func (g *Group[T]) run(limit chan struct{}, work func() T) {
	g.open.Go(func() {
		g.add(work())
		<-limit
	})
}

// Begin does work in the background at once: it waits by itself for what it needs.
func (g *Group[T]) Begin(work func() T) { g.open.Go(func() { g.add(work()) }) }

func (g *Group[T]) add(result T) {
	g.mu.Lock()
	g.done = append(g.done, result)
	g.mu.Unlock()
}

// Take returns what is done and was not taken before.
func (g *Group[T]) Take() []T {
	g.mu.Lock()
	defer g.mu.Unlock()
	done := g.done
	g.done = nil
	return done
}

// Rest waits for everything that was started and takes it.
func (g *Group[T]) Rest() []T {
	g.open.Wait()
	return g.Take()
}

// PerCPU returns a limit of n at once for each core, to be shared by the process.
func PerCPU(n int) chan struct{} { return make(chan struct{}, n*runtime.GOMAXPROCS(0)) }

// Reads limits what a process reads at the same time, whoever asks for it.
type Reads struct {
	Folders chan struct{} // a place for each folder that may be listed
	// Footers has a place for each footer that may be read: a disk on the network answers
	// slowly, and footers are small.
	Footers chan struct{}
}

// NewReads returns limits for a process.
func NewReads() Reads { return Reads{Folders: PerCPU(1), Footers: PerCPU(8)} }

// Each calls do for 0 to n-1, as many at once as limit has places, which it
// shares with others.
func Each(n int, limit chan struct{}, do func(i int)) {
	var calls errgroup.Group
	calls.SetLimit(cap(limit))
	for i := range n {
		calls.Go(func() error {
			limit <- struct{}{}
			defer func() { <-limit }()
			do(i)
			return nil
		})
	}
	_ = calls.Wait() // no call returns an error
}
