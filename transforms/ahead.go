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
	a.run(limit, work)
}

// tryStart is start unless limit has no place now: then it returns false.
func (a *ahead[T]) tryStart(limit chan struct{}, work func() T) bool {
	select {
	case limit <- struct{}{}:
		a.run(limit, work)
		return true
	default:
		return false
	}
}

// run does work in the background in a place of limit.
func (a *ahead[T]) run(limit chan struct{}, work func() T) {
	a.open.Go(func() {
		a.add(work())
		<-limit
	})
}

// begin does work in the background at once: it waits by itself for what it needs.
func (a *ahead[T]) begin(work func() T) { a.open.Go(func() { a.add(work()) }) }

func (a *ahead[T]) add(result T) {
	a.mu.Lock()
	a.done = append(a.done, result)
	a.mu.Unlock()
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
