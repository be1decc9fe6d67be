package remote

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

const (
	eventWait    = 500 * time.Millisecond // longest wait for an event in one step
	busyWait     = 10 * time.Millisecond  // the same while files are open here, so that their places do not stay free
	sweepEvery   = 3 * time.Second        // between looks at all files and at the lists
	giveUpWithin = 5 * time.Second        // for taking jobs out of the queue when the run ends
)

// jobQueue is the part of mpsbridge.Queue that a remote batch uses.
type jobQueue interface {
	Events(ctx context.Context, after string, wait time.Duration) (events []mpsbridge.Event, next string, err error)
	Enqueue(ctx context.Context, jobs []string, revive bool) (int, error)
	Replace(ctx context.Context, jobs []string) error
	Unlisted(ctx context.Context, jobs []string) ([]string, error)
	Withdraw(ctx context.Context, jobs []string, most int) ([]string, error)
	Reap(ctx context.Context) (mpsbridge.Reaped, error)
	DeadOf(ctx context.Context, jobs []string) (map[string]mpsbridge.DeadJob, error)
	Drop(ctx context.Context, jobs []string) (int, error)
}

// clock tells the time. Tests move theirs.
type clock interface {
	Now() time.Time
	Sleep(ctx context.Context, d time.Duration)
}

// outputs looks at the outputs on the disk.
type outputs interface {
	Rows(file layout.File) (int64, error) // an error if there is no whole output
	Version(file layout.File) version
}

// batch is the files of one bundle that remote workers may embed. Redis only coordinates: its
// events say when to look, its lists who has a job. A file is done when its output exists, no
// matter who wrote it.
type batch struct {
	queue   jobQueue
	clock   clock
	outputs outputs
	here    localEmbedder
	options Options
	// embedder counts what workers did, beside what this process does.
	embedder *embedding.Embedder

	pending map[string]*pendingFile // by job: held by a worker, or in a list for workers
	order   []string                // their jobs; those to be embedded here first are last
	untried []string                // those that may be in the queue
	backlog []*pendingFile          // to be embedded here once there is a place
	open    map[string]int64        // files that are being embedded here: input → bytes

	events      string    // the last event that was seen
	nextSweep   time.Time // when to look at all files
	nextTry     time.Time // when to ask Redis for events again after it did not answer
	freeSince   time.Time // since when this process has had free places; zero: it has none
	silentSince time.Time // since when Redis does not answer; zero: it does
}

// pendingFile is one file without an outcome.
type pendingFile struct {
	file      layout.File
	size      int64     // of the input, in bytes; 0: not known
	before    version   // of the output that is to be replaced
	enqueued  time.Time // when its job was put into the queue
	lostSince time.Time // since when its job is in no list; zero: it is in one
}

func newBatch(queue jobQueue, here localEmbedder, out outputs, c clock, e *embedding.Embedder, o Options) *batch {
	return &batch{
		queue: queue, here: here, outputs: out, clock: c, embedder: e, options: o,
		pending: map[string]*pendingFile{}, open: map[string]int64{}, nextSweep: c.Now(),
	}
}

// add adds a file to the batch. A file without a job is embedded here. The biggest files are added
// last, because those are taken back first.
func (b *batch) add(file layout.File, job string, size int64) {
	p := &pendingFile{file: file, size: size, enqueued: b.clock.Now()}
	if job == "" {
		b.backlog = append(b.backlog, p)
		return
	}
	if file.Anew {
		p.before = b.outputs.Version(file)
	}
	b.pending[job] = p
	b.order = append(b.order, job)
}

func (b *batch) over() bool { return len(b.pending)+len(b.backlog)+len(b.open) == 0 }

// run waits until every file has ended, and calls flush with the outcomes. Each file has exactly one
// outcome. If the run ends early, the outcome of an unfinished file says that it was interrupted.
func (b *batch) run(ctx context.Context, flush func([]embedding.Outcome) error) error {
	b.enqueueReplacements(ctx)
	for !b.over() {
		ended, err := b.step(ctx)
		if err != nil {
			ended = append(ended, b.end(ctx)...)
		}
		if failed := flush(ended); err == nil {
			err = failed
		}
		if err == nil {
			continue
		}
		if !b.over() { // flush failed; the outcomes of the other files must still be reported
			err = errors.Join(err, flush(b.end(ctx)))
		}
		return err
	}
	return nil
}

// enqueueReplacements puts the jobs of files whose outputs are to be replaced into the queue.
// They are enqueued only here, after add has looked at the old output.
func (b *batch) enqueueReplacements(ctx context.Context) {
	var jobs []string
	for i := len(b.order) - 1; i >= 0; i-- {
		if b.pending[b.order[i]].file.Anew {
			jobs = append(jobs, b.order[i])
		}
	}
	if len(jobs) > 0 {
		b.heard(b.enqueue(ctx, jobs, true)) // sweep finds those that are in no list
	}
}

func (b *batch) enqueue(ctx context.Context, jobs []string, revive bool) error {
	var replace []string
	for _, job := range jobs {
		if b.pending[job].file.Anew {
			replace = append(replace, job)
		}
	}
	if err := b.queue.Replace(ctx, replace); err != nil {
		return err
	}
	_, err := b.queue.Enqueue(ctx, jobs, revive)
	return err
}

// step waits a moment for something to happen and returns the files that have ended.
func (b *batch) step(ctx context.Context) ([]embedding.Outcome, error) {
	ended := b.embedded(b.here.Take())
	if b.here.Draining() {
		return ended, embedding.ErrInterrupted
	}
	if err := b.embedHere(ctx); err != nil { // before waiting, because places may be free now
		return ended, err
	}
	wait := eventWait
	if len(b.open)+len(b.backlog) > 0 {
		wait = busyWait
	}
	ended = append(ended, b.look(ctx, wait)...)
	if start := b.clock.Now(); !start.Before(b.nextSweep) {
		ended = append(ended, b.sweep(ctx, start)...)
		now := b.clock.Now()
		// Looking at very many files on a slow disk must not become the main work.
		b.nextSweep = now.Add(max(sweepEvery, 10*now.Sub(start)))
	}
	return ended, ctx.Err()
}

// end gives up and returns an outcome for every file that is left. Files that are open here
// are finished first.
func (b *batch) end(ctx context.Context) []embedding.Outcome {
	b.giveUp(ctx)
	ended := b.embedded(b.here.Rest())
	ended = append(ended, b.look(ctx, 0)...) // what workers finished meanwhile
	for _, p := range b.pending {
		ended = append(ended, embedding.Outcome{File: p.file, Left: embedding.ErrInterrupted})
	}
	for _, p := range b.backlog {
		ended = append(ended, embedding.Outcome{File: p.file, Left: embedding.ErrInterrupted})
	}
	clear(b.pending)
	b.backlog = nil
	return ended
}

// giveUp takes the jobs that no worker has begun out of the queue, so that no worker continues a run
// that has ended. A job that stays does no harm.
func (b *batch) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpWithin)
	defer cancel()
	b.heard(b.withdraw(ctx, len(b.pending)))
}

// look waits for events and looks at the files of their jobs.
func (b *batch) look(ctx context.Context, wait time.Duration) (ended []embedding.Outcome) {
	if b.clock.Now().Before(b.nextTry) {
		b.clock.Sleep(ctx, wait)
		return nil
	}
	events, next, err := b.queue.Events(ctx, b.events, wait)
	b.heard(err)
	if err != nil {
		b.nextTry = b.clock.Now().Add(eventWait)
		b.clock.Sleep(ctx, wait)
		return nil
	}
	b.events = next
	for _, e := range events {
		if e.Kind == "done" {
			ended = append(ended, b.arrived(e.Job)...)
		} else if e.Kind == "dead" && b.pending[e.Job] != nil {
			b.nextSweep = time.Time{}
		}
	}
	return ended
}

// arrived returns the outcome of a job whose output is there.
func (b *batch) arrived(job string) []embedding.Outcome {
	p := b.pending[job]
	if p == nil || p.file.Anew && b.outputs.Version(p.file) == p.before {
		return nil
	}
	rows, err := b.outputs.Rows(p.file)
	if err != nil { // there is no output, or not yet
		return nil
	}
	return []embedding.Outcome{b.settle(job, embedding.Outcome{File: p.file, Stats: embedding.FileStats{Rows: rows}, Bridged: true})}
}

// settle ends a job's wait and counts its outcome.
func (b *batch) settle(job string, o embedding.Outcome) embedding.Outcome {
	delete(b.pending, job)
	b.embedder.Settle(b.options.Embed.Layout, o)
	return o
}

// heard notes whether Redis answered, and logs each change.
func (b *batch) heard(err error) {
	switch {
	case err == nil && !b.silentSince.IsZero():
		b.silentSince = time.Time{}
		slog.Info("Redis answers again")
	case err != nil && b.silentSince.IsZero() && !errors.Is(err, context.Canceled):
		b.silentSince = b.clock.Now()
		slog.Warn("Redis does not answer; files that have an output still count", "error", err)
	}
}
