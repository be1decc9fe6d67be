package audit

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/apache/arrow-go/v18/arrow/memory"
)

const (
	smallBytes = 32 << 20  // every audit may take so much at any time
	mostBytes  = 768 << 20 // the most that an audit may take
)

// large is held by the audit that takes more than smallBytes. There is one at a time.
var large sync.Mutex

// budget is the memory for the pages of one audit. It panics if a file needs more than
// mostBytes, because an allocator cannot return an error; contain turns the panic into one.
type budget struct {
	memory.Allocator
	used atomic.Int64 // arrow-go frees some buffers in finalizers
	held bool         // large
}

func newBudget() *budget { return &budget{Allocator: memory.NewGoAllocator()} }

// Allocate implements memory.Allocator.
func (b *budget) Allocate(size int) []byte {
	b.take(int64(size))
	return b.Allocator.Allocate(size)
}

// Reallocate implements memory.Allocator.
func (b *budget) Reallocate(size int, old []byte) []byte {
	b.take(int64(size - len(old)))
	return b.Allocator.Reallocate(size, old)
}

// Free implements memory.Allocator.
func (b *budget) Free(old []byte) {
	b.take(-int64(len(old)))
	b.Allocator.Free(old)
}

func (b *budget) take(n int64) {
	used := b.used.Add(n)
	if n <= 0 {
		return
	}
	if used > mostBytes {
		panic(fmt.Errorf("%w: its pages take more than %d MB", errTooLarge, mostBytes>>20))
	}
	if used > smallBytes && !b.held {
		large.Lock()
		b.held = true
	}
}

// release gives everything back.
func (b *budget) release() {
	b.used.Store(0)
	if b.held {
		b.held = false
		large.Unlock()
	}
}
