package embedding

import (
	"context"
	"errors"
	"fmt"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// Outcome is what became of one file.
type Outcome struct {
	File  layout.File
	Stats FileStats
	Err   error
	By    models.Backend // what embedded it in this process
	// Bridged says that a worker behind the bridge embedded the file, or failed to.
	Bridged bool
	// Left says why the file is neither done nor dead. The next run embeds it.
	Left error
	// owed says that a drain waits until the outcome is reported.
	owed bool
}

// each calls add for every counter that the outcome adds to.
func (o Outcome) each(add func(name string, n int64)) {
	if o.Err != nil {
		add(counters.FilesDeadLettered, 1)
		return
	}
	add(counters.FilesDone, 1)
	if o.Bridged {
		add(counters.FilesByWorkers, 1)
	}
	add(counters.Rows, o.Stats.Rows)
	add(counters.Tokens, o.Stats.Tokens)
	add(counters.TokensSeen, o.Stats.AllTokens)
	add(counters.TokensReused, o.Stats.Reused)
	add(counters.RowsTruncated, o.Stats.Truncated)
	add(counters.RowsRepaired, o.Stats.Repaired)
}

// finish tells a file that has ended from one that may be good and was only stopped, because the run
// ended or the engine broke. It counts a file that has ended at once, because the progress that a run
// shows must not wait for the end of the bundle.
func (e *Embedder) finish(ctx context.Context, o Outcome) Outcome {
	switch {
	case errors.Is(o.Err, ErrInterrupted):
		o.Left = o.Err
	case errors.Is(o.Err, models.ErrBroken): // any file would fail
		o.Left = counters.OnHost(o.Err)
	case o.Err != nil && ctx.Err() != nil:
		o.Left = fmt.Errorf("embedding %s: %w", o.File.Input, o.Err)
	}
	if o.Left != nil {
		o.Err = nil
		return o
	}
	o.each(e.counts.Add)
	o.owed = true
	e.files.owe(1)
	return o
}

// Reporter is how a step reports what became of files.
type Reporter struct {
	Emit   func(layout.File)          // for files that are embedded
	Metric func(name string, n int64) // for what this process has counted already
	Warn   func(text string)
}

// Report counts and emits the files that are done, and writes the dead letters of those that
// failed. It returns the first error only after it has seen to all of them.
func (e *Embedder) Report(deadLetters string, ended []Outcome, r Reporter) (first error) {
	fail := func(err error) {
		if first == nil {
			first = err
		}
	}
	defer func() { // Emit may panic
		for _, o := range ended {
			if o.owed {
				e.files.owe(-1)
			}
		}
	}()
	for _, o := range ended {
		if o.Left != nil {
			fail(o.Left)
			continue
		}
		o.each(r.Metric)
		if o.Err == nil {
			continue
		}
		r.Warn(fmt.Sprintf("dead letter: %q: %s", o.File.Input, deadletter.Reason(o.Err)))
		if err := deadletter.Append(deadLetters, deadletter.New(o.File, "embed", o.Err)); err != nil {
			fail(err)
		}
	}
	for _, o := range ended { // last, because what comes after this step may fail
		if o.Left != nil || o.Err != nil {
			continue
		}
		if o.By.Name != "" {
			r.Metric(counters.OfProcess(o.By), 1)
		}
		r.Emit(o.File)
	}
	return first
}
