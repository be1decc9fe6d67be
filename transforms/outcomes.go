package transforms

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// outcome is what became of one file.
type outcome struct {
	file  layout.File
	stats fileStats
	err   error
	by    models.Backend // what embedded it in this process
	// bridged: a worker behind the bridge embedded it, or let it die
	bridged bool
	// left says why the file is neither done nor dead. The next run embeds it.
	left error
	// owed: a drain waits until the outcome is reported
	owed bool
}

// each calls add for every counter that the outcome adds to.
func (o outcome) each(add func(name string, n int64)) {
	if o.err != nil {
		add(counters.FilesDeadLettered, 1)
		return
	}
	add(counters.FilesDone, 1)
	if o.bridged {
		add(counters.FilesByWorkers, 1)
	}
	add(counters.Rows, o.stats.Rows)
	add(counters.Tokens, o.stats.Tokens)
	add(counters.TokensSeen, o.stats.AllTokens)
	add(counters.TokensReused, o.stats.Reused)
	add(counters.RowsTruncated, o.stats.Truncated)
	add(counters.RowsRepaired, o.stats.Repaired)
}

// finish tells a file that failed from one that may be good and was stopped, by the end of
// the run or of the engine. It counts the former for progress, which must not wait for the bundle.
func (o outcome) finish(ctx context.Context) outcome {
	switch {
	case errors.Is(o.err, ErrInterrupted):
		o.left = o.err
	case errors.Is(o.err, models.ErrBroken): // any file would fail
		o.left = onHost(o.err)
	case o.err != nil && ctx.Err() != nil:
		o.left = fmt.Errorf("embedding %s: %w", o.file.Input, o.err)
	}
	if o.left != nil {
		o.err = nil
		return o
	}
	o.each(thisProcess.Counts.Add)
	o.owed = true
	openFiles.finish()
	return o
}

// flushOutcomes counts and emits the files that are done, and writes the dead letters of
// those that failed. It returns the first error only after it has seen to all of them.
func flushOutcomes(ctx context.Context, deadLetters string, finished []outcome, emit func(layout.File)) (first error) {
	fail := func(err error) {
		if first == nil {
			first = err
		}
	}
	defer func() { // emit may panic
		for _, o := range finished {
			if o.owed {
				openFiles.report()
			}
		}
	}()
	for _, o := range finished {
		if o.left != nil {
			fail(o.left)
			continue
		}
		o.each(func(name string, n int64) { addMetric(ctx, name, n) })
		if o.err == nil {
			continue
		}
		log.Warnf(ctx, "dead letter: %q: %s", o.file.Input, deadletter.Reason(o.err))
		if err := deadletter.Append(deadLetters, deadletter.New(o.file, "embed", o.err)); err != nil {
			fail(err)
		}
	}
	for _, o := range finished { // last, because what comes after this step may fail
		if o.left != nil || o.err != nil {
			continue
		}
		if o.by.Name != "" {
			addMetric(ctx, counters.OfProcess(o.by), 1)
		}
		emit(o.file)
	}
	return first
}

// endBundle waits for the files of a bundle that ends with an error, and reports them.
func endBundle(ctx context.Context, deadLetters string, open *inflight.Group[outcome], emit func(layout.File), err error) error {
	_ = flushOutcomes(ctx, deadLetters, open.Rest(), emit) // err came first
	if errors.Is(err, ErrInterrupted) {
		WaitDrained() // the error ends the whole run, and with it the other bundles
	}
	return err
}
