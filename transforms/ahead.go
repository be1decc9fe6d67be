package transforms

import (
	"runtime"
	"sync"
)

// ahead lets a DoFn work on several elements at once, whatever the size of the
// runner's bundles: ProcessElement hands an element over and emits what is done
// of those before it, FinishBundle emits the rest.
type ahead[T any] struct {
	open sync.WaitGroup
	mu   sync.Mutex
	done []T
}

// start does work in the background once limit has a place for it.
func (a *ahead[T]) start(limit chan struct{}, work func() T) {
	limit <- struct{}{}
	a.open.Go(func() {
		result := work()
		a.mu.Lock()
		a.done = append(a.done, result)
		a.mu.Unlock()
		<-limit
	})
}

// take returns what is done and was not taken before.
func (a *ahead[T]) take() []T {
	a.mu.Lock()
	defer a.mu.Unlock()
	done := a.done
	a.done = nil
	return done
}

// rest waits for everything that was started and takes it.
func (a *ahead[T]) rest() []T {
	a.open.Wait()
	return a.take()
}

// perCPU returns a limit of n at once for each core, to be shared by the process.
func perCPU(n int) chan struct{} { return make(chan struct{}, n*runtime.GOMAXPROCS(0)) }
