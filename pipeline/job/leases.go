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

// leases are those of the folders that a run writes. They keep two runs, such as a nightly one and
// one that has not ended since the night before, from working on one suffix, even with different lists.
type leases []leased

type leased struct {
	folder string
	*lease.Lease
}

// takeLeases takes the leases of all folders, or none and fails with lease.ErrHeld.
func takeLeases(folders ...string) (leases, error) {
	var all leases
	for _, folder := range folders {
		if all.of(folder).Lease != nil {
			continue // under this name or another
		}
		l, err := lease.Take(folder)
		if err != nil {
			all.release()
			return nil, err
		}
		all = append(all, leased{folder, l})
	}
	return all, nil
}

// of returns the lease of a folder, the zero value if it is not among them.
func (l leases) of(folder string) leased {
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

// held returns nil as long as all of them are this run's, and otherwise lease.ErrHeld.
func (l leases) held() error {
	for _, one := range l {
		if err := one.Held(); err != nil {
			return err
		}
	}
	return nil
}

// whenLost calls act, once, if one of the leases is lost before ctx ends.
func (l leases) whenLost(ctx context.Context, act func()) {
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

// stopWhenLost ends the run if it has lost a lease: this run was suspended, and another one has
// taken over. The open files are finished, which does no harm. The server stops immediately, because
// it would write the clusters, which belong to the other run.
func (l leases) stopWhenLost(ctx context.Context, console io.Writer, server *cluster.Server, cancel context.CancelFunc) {
	l.whenLost(ctx, func() {
		open := transforms.ThisProcess().Embedder.Drain()
		_, _ = fmt.Fprintf(console, "another run has taken over: finishing %d open files\n", open)
		server.Stop()
		transforms.ThisProcess().Embedder.WaitDrained()
		cancel()
	})
}

// release gives all of them back.
func (l leases) release() {
	for _, one := range l {
		one.Release()
	}
}
