package embedding

import (
	"context"
	"errors"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/workload"
)

const (
	// openFilesPerCPU is how many files are open at once for each core: enough that
	// their texts make batches of near-equal length.
	openFilesPerCPU = 4
	// reportWithin bounds how long a drain waits for outcomes after the last file is finished.
	// A bundle that failed otherwise may never report its own.
	reportWithin = 10 * time.Second
)

// ErrInterrupted fails a run that was asked to stop by Drain.
var ErrInterrupted = errors.New("interrupted: open files are finished, the others are left for the next run")

// Options say how files are embedded.
type Options struct {
	Layout     layout.Layout
	Model      models.Config
	TextColumn string
	Keep       []string // columns kept in the output; empty: all scalar ones
	// FixedSizeLists says that Arrow's readers see vectors as lists of a fixed size.
	FixedSizeLists bool
}

// Embedder is what all bundles of a process share to embed files.
type Embedder struct {
	counts *counters.Counts
	// slots has a place for each file that may be open, however many bundles the runner works
	// on at once.
	slots    chan struct{}
	pages    *chainfile.Memory
	files    *gate // the open files
	isolated *isolation
	workload *workload.Workload
	// queued counts all work that the engine was given, settled the part that is embedded or has
	// failed. Both count tokens, too: the engine takes short and long texts in its own order, so
	// that the rows do not show how much work is left.
	queued, settled engineWork
}

// New returns an embedder with no open files. It counts in counts.
func New(counts *counters.Counts) *Embedder {
	files := newGate()
	return &Embedder{
		counts: counts, slots: inflight.PerCPU(openFilesPerCPU), pages: chainfile.NewMemory(), files: files,
		isolated: newIsolation(files), workload: workload.New(sampledFiles),
	}
}

// Drain makes every bundle refuse new files, and fail with ErrInterrupted once no file is open
// any more. It returns how many are open now.
func (e *Embedder) Drain() (open int) { return e.files.close() }

// WaitDrained waits until no file is open and every outcome is reported. Its caller then ends the
// run, and a dead letter that is not written by then is lost.
func (e *Embedder) WaitDrained() { e.files.wait(reportWithin) }

// Time returns for how long at least one file was open.
func (e *Embedder) Time() time.Duration { return e.files.inUse(time.Now()) }

// embed embeds one file unless no more files are to be opened.
func (e *Embedder) embed(ctx context.Context, engine *models.Engine, file layout.File, o Options) Outcome {
	if err := engine.Broken(); err != nil { // not because of this file
		return Outcome{File: file, Left: counters.OnHost(err)}
	}
	if !e.files.enter(time.Now()) {
		return Outcome{File: file, Left: ErrInterrupted}
	}
	defer func() { e.files.leave(time.Now()) }()
	out := Outcome{File: file, By: engine.Backend}
	if file.Isolated() {
		out.Stats, out.By, out.Err = e.isolated.embed(ctx, file, o)
		e.countWhole(out)
	} else {
		out.Stats, out.Err = e.embedFile(ctx, engine, file, o)
	}
	if out = e.finish(ctx, out); out.Left == nil {
		e.workload.End(file.Input)
	}
	noteCrashes(o.Layout, out)
	return out
}

// Settle counts the outcome of a file that a worker on another machine embedded, or failed to.
func (e *Embedder) Settle(tree layout.Layout, o Outcome) {
	e.countWhole(o)
	e.workload.End(o.File.Input)
	o.each(e.counts.Add)
	noteCrashes(tree, o)
}
