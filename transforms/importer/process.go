package importer

import (
	"context"
	"runtime"
	"sync/atomic"

	"github.com/threadloom/threadloom/transforms/dump"
	"golang.org/x/sync/semaphore"
)

// Process is what one process has once: how much it does side by side, and how far it is.
type Process struct {
	scans    *semaphore.Weighted
	weaves   *semaphore.Weighted
	decoders *dump.Decoders

	read   atomic.Int64 // bytes of dumps, compressed
	chains atomic.Int64
}

// NewProcess returns the bounds for a process that works on the plan.
func NewProcess(p *Plan) *Process {
	window := int64(0)
	for _, d := range p.Dumps {
		window = max(window, d.Window)
	}
	return &Process{
		scans: semaphore.NewWeighted(int64(p.Scans)), weaves: semaphore.NewWeighted(int64(weaves())),
		decoders: dump.NewDecoders(window),
	}
}

// weaves is how many buckets a process weaves side by side. Each has goroutines of its own.
func weaves() int { return max(1, runtime.GOMAXPROCS(0)/2) }

// Read is how many bytes of the dumps' files were read.
func (p *Process) Read() int64 { return p.read.Load() }

// Chains is how many chains were written.
func (p *Process) Chains() int64 { return p.chains.Load() }

func acquire(ctx context.Context, s *semaphore.Weighted) (release func(), err error) {
	if err := s.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { s.Release(1) }, nil
}
