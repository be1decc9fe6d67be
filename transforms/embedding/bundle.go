package embedding

import (
	"context"
	"errors"
	"runtime"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// Bundle is the files that one DoFn embeds, several at once.
type Bundle struct {
	embedder *Embedder
	options  Options
	engine   *models.Engine // nil before the first file: a run that finds nothing to do needs none
	running  inflight.Group[Outcome]
}

// NewBundle returns a bundle without files.
func (e *Embedder) NewBundle(o Options) *Bundle { return &Bundle{embedder: e, options: o} }

// Embed begins with a file once there is a place for it. It reports the files before it that
// have ended.
func (b *Bundle) Embed(ctx context.Context, file layout.File, r Reporter) error {
	if err := b.openEngine(); err != nil {
		return err
	}
	embed := func() Outcome { return b.embedder.embed(ctx, b.engine, file, b.options) }
	if file.Isolated() { // it waits without an open slot, so that it does not hold up the others
		b.running.Begin(func() Outcome { return b.embedder.isolated.inTurn(ctx, file, embed) })
	} else {
		b.running.Start(b.embedder.slots, embed)
	}
	return b.report(b.Take(), r)
}

// Finish waits for all files and reports them.
func (b *Bundle) Finish(r Reporter) error { return b.report(b.Rest(), r) }

// report reports outcomes. An error ends the bundle, so report then waits for the other
// files and reports them, too.
func (b *Bundle) report(ended []Outcome, r Reporter) error {
	err := b.embedder.Report(b.options.Layout.DeadLetters(), ended, r)
	if err == nil {
		return nil
	}
	_ = b.embedder.Report(b.options.Layout.DeadLetters(), b.Rest(), r) // only the first error is returned
	if errors.Is(err, ErrInterrupted) {
		b.embedder.WaitDrained() // the error ends the whole run, and with it the other bundles
	}
	return err
}

func (b *Bundle) openEngine() (err error) {
	if b.engine != nil {
		return nil
	}
	if b.engine, err = models.Shared(b.options.Model); err != nil {
		return counters.OnHost(err)
	}
	return nil
}

// Start begins with a file if there is a place for it now.
func (b *Bundle) Start(ctx context.Context, file layout.File) (bool, error) {
	if err := b.openEngine(); err != nil {
		return false, err
	}
	return b.running.TryStart(b.embedder.slots, func() Outcome {
		return b.embedder.embed(ctx, b.engine, file, b.options)
	}), nil
}

// Full reports whether all places are taken, by this bundle or by others.
func (b *Bundle) Full() bool { return len(b.embedder.slots) == cap(b.embedder.slots) }

// Cores returns how many cores embed.
func (b *Bundle) Cores() int { return runtime.GOMAXPROCS(0) }

// Draining reports whether no more files are to be opened.
func (b *Bundle) Draining() bool { return b.embedder.files.shut() }

// Take returns the outcomes of the files that have ended since the last call.
func (b *Bundle) Take() []Outcome { return b.running.Take() }

// Rest waits for all files and returns their outcomes.
func (b *Bundle) Rest() []Outcome { return b.running.Rest() }
