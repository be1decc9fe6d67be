package remote

import (
	"context"
	"slices"
	"time"

	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

const (
	idleFor = time.Second // how long places are free before jobs are taken back
	tries   = 64          // jobs that are looked up in the queue at once to take one back
	rounds  = 16          // how often that is done in one step
	// bytesPerCore of open inputs keep a core busy: 800 comments or 100 long posts, which take
	// seconds. A process that opened more would hold large files that a faster worker could
	// have, and finish long after it.
	bytesPerCore = 64 << 10
)

// localEmbedder embeds files in this process, as embedding.Bundle does.
type localEmbedder interface {
	Full() bool // all places are taken, by this batch or by others
	Cores() int
	// Start begins with a file; false: there was no place.
	Start(ctx context.Context, file layout.File) (bool, error)
	Take() []embedding.Outcome // those that have finished since
	Rest() []embedding.Outcome // all of those that were started, when they have finished
	Draining() bool            // no more files are to be opened
}

// embedHere embeds what was taken back while this process has free places; when it
// has had some for a while, its own files are all open, and it takes more back.
func (b *batch) embedHere(ctx context.Context) error {
	if b.here.Full() {
		if len(b.open) == 0 { // the process has files of its own; they go first
			b.freeSince = time.Time{}
		}
		return nil
	}
	now := b.clock.Now()
	if b.freeSince.IsZero() {
		b.freeSince = now
	}
	for !b.here.Full() {
		if len(b.backlog) == 0 && now.Sub(b.freeSince) >= idleFor && b.silentSince.IsZero() && !b.busy() {
			b.withdrawOne(ctx)
		}
		if len(b.backlog) == 0 {
			return nil
		}
		p := b.backlog[0]
		if started, err := b.here.Start(ctx, p.file); err != nil || !started {
			return err
		}
		b.backlog = b.backlog[1:]
		b.open[p.file.Input] = p.size
	}
	return nil
}

// busy says whether the files that are open here have enough work for all cores.
func (b *batch) busy() bool {
	cores, bytes := b.here.Cores(), int64(0)
	for _, size := range b.open {
		bytes += size
	}
	return len(b.open) >= cores && bytes >= int64(cores)*bytesPerCore
}

// embedded notes which files are not open here any more.
func (b *batch) embedded(ended []embedding.Outcome) []embedding.Outcome {
	for _, o := range ended {
		delete(b.open, o.File.Input)
	}
	return ended
}

// withdrawOne takes one job back, the last one of the order that is in the queue. Those that
// were tried in vain are with workers: they are not tried again before the next sweep has
// looked at them. Redis's errors are told by look.
func (b *batch) withdrawOne(ctx context.Context) {
	for range rounds {
		if len(b.untried) == 0 {
			return
		}
		last := max(0, len(b.untried)-tries)
		taken, err := b.queue.Withdraw(ctx, b.untried[last:], 1)
		if err != nil {
			return
		}
		if len(taken) > 0 { // all behind it were tried in vain
			b.untried = b.untried[:last+slices.Index(b.untried[last:], taken[0])]
			if b.takeBack(taken) > 0 {
				return
			}
			continue
		}
		b.untried = b.untried[:last]
	}
}

// withdraw takes up to most jobs that no worker holds out of the queue, the last
// ones first, to embed their files here.
func (b *batch) withdraw(ctx context.Context, most int) error {
	taken, err := b.queue.Withdraw(ctx, b.order, most)
	b.takeBack(taken)
	return err
}

// takeBack moves jobs to the backlog. Some may have no file that waits any more: a job
// that was put in anew while a worker still had it can be done and in the queue. It returns
// how many files there were.
func (b *batch) takeBack(jobs []string) (n int) {
	for _, job := range jobs {
		if p := b.pending[job]; p != nil {
			b.backlog = append(b.backlog, p)
			delete(b.pending, job)
			n++
		}
	}
	return n
}
