// Package lease gives a folder to one run at a time, also if several machines see the
// folder. It needs no locks of the file system, only that link(2) and rename(2) are
// atomic, which holds on NFS.
//
// A lease is a file {folder}/_lease/{number}.lease, whose time its holder renews. Whoever
// finds the newest lease dead or given back links the file with the next number, and only
// one process can create a name. Numbers only grow: a lease that is given back stays as
// {number}.free until the next holder has its own. So a process that was stopped between
// its look and its link cannot take the folder from a later holder: it finds a number
// that is not below its own, and withdraws.
package lease

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// Name is the folder of the leases, in the folder that they are about.
	Name = "_lease"
	// beatEvery is how often a holder renews its lease.
	beatEvery = 5 * time.Second
	// deadAfter is how long a lease is not renewed before its holder is taken for dead.
	deadAfter = 60 * time.Second
	// attempts bounds how often Take starts again because another process was faster.
	attempts = 10
)

// ErrHeld is the error of Take if another run holds the lease, and of Held if another
// run has taken it over.
var ErrHeld = errors.New("another run is at work")

// Lease is a lease that was taken. Path and Release may be called on nil.
type Lease struct {
	folder string // of the leases
	number int64
	stop   chan struct{}
	lost   chan struct{}
	done   sync.WaitGroup
}

// Take takes the lease of a folder, which is made if it is missing. The error is ErrHeld
// if another run holds it.
func Take(folder string) (*Lease, error) { return take(folder, func() {}) }

// take calls looked between its look at the leases and the attempt to take the next one.
func take(folder string, looked func()) (*Lease, error) {
	folder = filepath.Join(folder, Name)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of the lease: %w", err)
	}
	for range attempts {
		newest, err := look(folder)
		if err != nil {
			return nil, err
		}
		if newest.alive {
			return nil, fmt.Errorf("%w: process %d on %s, since %s (%s)", ErrHeld,
				newest.holder.PID, newest.holder.Host, newest.holder.Started.Format(time.RFC3339), newest.path)
		}
		looked()
		l := &Lease{folder: folder, number: newest.number + 1, stop: make(chan struct{}), lost: make(chan struct{})}
		switch err := l.create(); {
		case errors.Is(err, fs.ErrExist):
			continue // another process was faster
		case err != nil:
			return nil, err
		}
		l.done.Go(l.beat)
		return l, nil
	}
	return nil, fmt.Errorf("%w: several runs start at once (%s)", ErrHeld, folder)
}

// create takes the lease. The error is fs.ErrExist if another process has taken it, or
// a later one.
func (l *Lease) create() error {
	if err := link(l.folder, l.Path()); err != nil {
		return fmt.Errorf("taking the lease: %w", err)
	}
	entries, err := list(l.folder)
	if err != nil {
		return errors.Join(err, os.Remove(l.Path()))
	}
	for _, e := range entries {
		if e.number >= l.number && e.path != l.Path() {
			if err := os.Remove(l.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) { // swept already
				return fmt.Errorf("withdrawing the lease: %w", err)
			}
			return fmt.Errorf("taking the lease: %w", fs.ErrExist)
		}
	}
	sweep(l.folder, l.number, entries)
	return nil
}

// Path is the file of the lease. It is gone once another run has taken over.
func (l *Lease) Path() string {
	if l == nil {
		return ""
	}
	return path(l.folder, l.number, held)
}

// Held returns nil if the lease is still this run's. Otherwise it returns ErrHeld: the run was
// stopped for so long that another one took over. If the folder cannot be read, it returns nil,
// because the next step of the run meets the same fault and says it.
func (l *Lease) Held() error {
	entries, err := list(l.folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	own := false
	for _, e := range entries {
		if e.number > l.number {
			return fmt.Errorf("%w: it took over because this run was suspended for longer than %s (%s)", ErrHeld, deadAfter, e.path)
		}
		own = own || e.path == l.Path()
	}
	if !own {
		return fmt.Errorf("%w, or somebody removed this run's lease: %s is gone; run again", ErrHeld, l.Path())
	}
	return nil
}

// Lost is closed when the run has noticed that the lease is no longer its own.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// beat renews the lease until it is given back or lost.
func (l *Lease) beat() {
	tick := time.NewTicker(beatEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			if l.Held() != nil {
				close(l.lost)
				return
			}
			_ = unix.UtimesNanoAt(unix.AT_FDCWD, l.Path(), nil, 0) // by the disk's clock; the next one may succeed
		}
	}
}

// Release gives the lease back. If another run has taken over, it changes nothing.
func (l *Lease) Release() {
	if l == nil {
		return
	}
	close(l.stop)
	l.done.Wait()
	_ = os.Rename(l.Path(), path(l.folder, l.number, free)) // or it is taken over when this process has ended
}
