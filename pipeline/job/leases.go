package job

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/pipeline/lease"
	"github.com/threadloom/threadloom/transforms"
)

// Leases are those of the folders that a run writes. They keep two runs from working
// on one suffix, whatever their lists, such as a nightly one that began before the
// last had ended.
type Leases []leased

type leased struct {
	folder string
	*lease.Lease
}

// TakeLeases takes the leases of all folders, or none and fails with lease.ErrHeld.
func TakeLeases(folders ...string) (Leases, error) {
	var all Leases
	for _, folder := range folders {
		if all.have(folder) {
			continue
		}
		l, err := lease.Take(folder)
		if err != nil {
			all.Release()
			return nil, err
		}
		all = append(all, leased{folder, l})
	}
	return all, nil
}

// have says whether the lease of a folder is among them, under this name or another.
func (l Leases) have(folder string) bool {
	return l.Of(folder).Lease != nil
}

// Of returns the lease of a folder, the zero value if it is not among them.
func (l Leases) Of(folder string) leased {
	info, err := os.Stat(folder)
	if err != nil {
		return leased{}
	}
	for _, one := range l {
		if other, err := os.Stat(one.folder); err == nil && os.SameFile(info, other) {
			return one
		}
	}
	return leased{}
}

// Held returns nil as long as all of them are this run's, and otherwise lease.ErrHeld.
func (l Leases) Held() error {
	for _, one := range l {
		if err := one.Held(); err != nil {
			return err
		}
	}
	return nil
}

// WhenLost calls act, once, if one of the leases is lost before ctx ends.
func (l Leases) WhenLost(ctx context.Context, act func()) {
	once := sync.OnceFunc(act)
	for _, one := range l {
		go func() {
			select {
			case <-one.Lost():
				once()
			case <-ctx.Done():
			}
		}()
	}
}

// stopWhenLost ends the run if it has lost a lease: another run has taken over, because
// this one was suspended. The open files are finished, which does no harm. The clusters
// belong to the other run, so the server, which would write them, stops at once.
func (l Leases) stopWhenLost(ctx context.Context, console io.Writer, server *cluster.Server, cancel context.CancelFunc) {
	l.WhenLost(ctx, func() {
		open := transforms.ThisProcess().Embedder.Drain()
		_, _ = fmt.Fprintf(console, "another run has taken over: finishing %d open files\n", open)
		server.Stop()
		transforms.ThisProcess().Embedder.WaitDrained()
		cancel()
	})
}

// Release gives all of them back.
func (l Leases) Release() {
	for _, one := range l {
		one.Release()
	}
}
