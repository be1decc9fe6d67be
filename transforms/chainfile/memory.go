package chainfile

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// pageBytes is what the pages of all files that share a Memory may take together; a file
// that needs more than that has all of it to itself.
const pageBytes = 512 << 20

// Memory is bytes that the pages of several open files share. A file that holds some must not ask
// for more: two such files could wait for each other.
type Memory struct{ left *semaphore.Weighted }

// NewMemory returns memory for all files that are open at the same time.
func NewMemory() *Memory { return &Memory{semaphore.NewWeighted(pageBytes)} }

// take takes n bytes, or all if there are fewer, and returns how many it took. If it must
// wait for them, it does so within a call of idle.
func (m *Memory) take(n int64, idle func(wait func())) int64 {
	n = min(n, pageBytes)
	if !m.left.TryAcquire(n) {
		idle(func() { _ = m.left.Acquire(context.Background(), n) }) // this context never ends, so there is no error
	}
	return n
}

func (m *Memory) give(n int64) { m.left.Release(n) }
