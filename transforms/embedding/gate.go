package embedding

import (
	"sync"
	"time"
)

// gate counts open files. Once it is closed, no more files may be opened.
type gate struct {
	mu     sync.Mutex
	change sync.Cond
	inside int
	owed   int // files that are finished, and not yet reported
	closed bool
	since  time.Time     // since when files are open, if any is
	used   time.Duration // for how long files were open before that
}

func newGate() *gate {
	g := &gate{}
	g.change.L = &g.mu
	return g
}

// enter counts a file that is opened. It returns false if the gate is closed.
func (g *gate) enter(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if g.inside == 0 {
		g.since = now
	}
	g.inside++
	return true
}

func (g *gate) leave(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	if g.inside == 0 {
		g.used += now.Sub(g.since)
	}
	g.change.Broadcast()
}

func (g *gate) close() (inside int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	return g.inside
}

// shut reports whether the gate is closed.
func (g *gate) shut() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// owe counts an outcome that is to be reported (+1), which comes before leave, or that was (-1).
func (g *gate) owe(n int) {
	g.mu.Lock()
	g.owed += n
	g.mu.Unlock()
	g.change.Broadcast()
}

// wait waits until no file is open, and then, for at most within, until all outcomes are reported.
func (g *gate) wait(within time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.inside > 0 {
		g.change.Wait()
	}
	late := false
	timer := time.AfterFunc(within, func() {
		g.mu.Lock()
		late = true
		g.mu.Unlock()
		g.change.Broadcast()
	})
	defer timer.Stop()
	for g.owed > 0 && !late {
		g.change.Wait()
	}
}

// inUse returns for how long at least one file was open, up to now.
func (g *gate) inUse(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.inside > 0 {
		return g.used + now.Sub(g.since)
	}
	return g.used
}
