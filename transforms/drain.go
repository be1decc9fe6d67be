package transforms

import "sync"

// drain counts the files that are open in this process and lets no more be
// opened once it is closed.
type drain struct {
	mu     sync.Mutex
	change sync.Cond
	open   int
	closed bool
}

func newDrain() *drain {
	d := &drain{}
	d.change.L = &d.mu
	return d
}

// enter counts one more open file; false: no more may be opened.
func (d *drain) enter() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return false
	}
	d.open++
	return true
}

func (d *drain) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	d.change.Broadcast()
}

func (d *drain) close() (open int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	return d.open
}

// wait waits until no file is open.
func (d *drain) wait() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.open > 0 {
		d.change.Wait()
	}
}

var openFiles = newDrain()

// Drain makes every Embed in this process take no more files and, once none is
// open any more, fail with ErrInterrupted. It returns how many are open now.
func Drain() (open int) { return openFiles.close() }

// WaitDrained waits until no file is open in this process.
func WaitDrained() { openFiles.wait() }
