package importer

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/threadloom/threadloom/transforms/dump"
	"golang.org/x/sync/semaphore"
)

// ErrStopped is the error of work that Stop has ended.
var ErrStopped = errors.New("the import was stopped")

// Process is the work of one process on a plan: it bounds how much is done side by side, and knows its
// progress.
type Process struct {
	Plan *Plan

	scans    *semaphore.Weighted
	weaves   *semaphore.Weighted
	decoders *dump.Decoders
	stopped  context.Context
	stop     context.CancelCauseFunc

	groups sync.Pool // of *threads: those made for one bucket serve the next

	read   atomic.Int64 // bytes of dumps, compressed
	kept   atomic.Int64 // posts, of dumps that were read
	woven  atomic.Int64 // posts
	chains atomic.Int64
}

// garbage is the share of live memory, in percent, after which Go collects. Most of it lives as long as
// the process.
const garbage = 100

// notGo is what the program's code and C libraries take. It must not grow with the windows: Go counts a whole
// window as soon as it is allocated. If the windows alone reached Go's limit, it would collect without end.
const notGo = 128 << 20

// NewProcess returns a process that works on a plan. It keeps Go's memory within the plan's bound.
func NewProcess(plan *Plan) *Process {
	debug.SetMemoryLimit(plan.MostMemory() - notGo)
	debug.SetGCPercent(garbage)
	p := &Process{
		Plan: plan, decoders: dump.NewDecoders(plan.window()),
		scans: semaphore.NewWeighted(int64(plan.Scans)), weaves: semaphore.NewWeighted(int64(weaves())),
	}
	p.stopped, p.stop = context.WithCancelCause(context.Background())
	return p
}

// weaves is how many buckets a process weaves side by side. Each has goroutines of its own.
func weaves() int { return runtime.GOMAXPROCS(0) }

// Stop ends all work soon. Finished parts stay, and the next process uses them.
func (p *Process) Stop() { p.stop(ErrStopped) }

// Read is how many bytes of the dumps' files were read.
func (p *Process) Read() int64 { return p.read.Load() }

// Kept is how many posts there are in the dumps that were read to their end.
func (p *Process) Kept() int64 { return p.kept.Load() }

// Woven is how many posts were passed on to chains, and how many chains were written.
func (p *Process) Woven() (posts, chains int64) { return p.woven.Load(), p.chains.Load() }

// begin waits for one of the places for work side by side. end gives it back.
func (p *Process) begin(ctx context.Context, places *semaphore.Weighted) (_ context.Context, end func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	unhook := context.AfterFunc(p.stopped, func() { cancel(ErrStopped) })
	if err := places.Acquire(ctx, 1); err != nil {
		return nil, nil, context.Cause(ctx)
	}
	return ctx, func() {
		places.Release(1)
		unhook()
		cancel(nil)
	}, nil
}
