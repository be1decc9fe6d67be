package chainfile

import "sync"

// pageBytes is what the pages of all open files may take together in this process; a
// file whose own take more has it alone.
const pageBytes = 512 << 20

var pageMemory = newMemory(pageBytes)

// memory is bytes that several files share. Whoever holds some must not ask for more:
// it might wait for one that waits for it.
type memory struct {
	mu     sync.Mutex
	change sync.Cond
	all    int64
	left   int64
}

func newMemory(n int64) *memory {
	m := &memory{all: n, left: n}
	m.change.L = &m.mu
	return m
}

// take takes n bytes, or all if there are fewer, and returns how many it took. Where it
// must wait for them, it does so within a call of idle.
func (m *memory) take(n int64, idle func(wait func())) int64 {
	n = min(n, m.all)
	if !m.try(n) {
		idle(func() {
			for !m.try(n) {
				m.wait(n)
			}
		})
	}
	return n
}

func (m *memory) try(n int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.left < n {
		return false
	}
	m.left -= n
	return true
}

// wait waits until n bytes were there for a moment.
func (m *memory) wait(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for m.left < n {
		m.change.Wait()
	}
}

func (m *memory) give(n int64) {
	m.mu.Lock()
	m.left += n
	m.mu.Unlock()
	m.change.Broadcast()
}
