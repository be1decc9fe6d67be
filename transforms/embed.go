package transforms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() {
	register.DoFn3x1[context.Context, layout.File, func(layout.File), error](&embedFn{})
}

// openFilesPerCPU is how many files are open at once for each core: enough that
// their texts make batches of near-equal length.
const openFilesPerCPU = 4

// openSlots has a place for each file that may be open in this process, however many
// bundles the runner works on at once.
var openSlots = inflight.PerCPU(openFilesPerCPU)

// ErrInterrupted fails a run that was asked to stop by Drain.
var ErrInterrupted = errors.New("interrupted: open files are finished, the others are left for the next run")

// EmbedOptions say how Embed works.
type EmbedOptions struct {
	Layout     layout.Layout
	Model      models.Config
	TextColumn string
	Keep       []string // columns kept in the output; empty: all scalar ones
}

// Embed embeds files and writes their outputs: it turns a PCollection<File> into
// a PCollection<File> of those that were embedded. The others are in the dead letters.
func Embed(s beam.Scope, o EmbedOptions, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Embed")
	return beam.ParDo(s, &embedFn{Options: o}, beam.Reshuffle(s, files))
}

// embedFn keeps several files open at once.
type embedFn struct {
	Options EmbedOptions

	engine   *models.Engine
	outcomes inflight.Group[outcome]
}

// Setup checks that this machine has what embedding takes. The engine is opened with
// the first file: a run that finds nothing to do needs none.
func (f *embedFn) Setup() error {
	if _, err := models.Check(f.Options.Model); err != nil {
		return onHost(err)
	}
	return nil
}

func (f *embedFn) StartBundle(func(layout.File)) {}

func (f *embedFn) ProcessElement(ctx context.Context, file layout.File, emit func(layout.File)) (err error) {
	if f.engine == nil {
		if f.engine, err = models.Shared(f.Options.Model); err != nil {
			return onHost(err)
		}
	}
	startFile(ctx, &f.outcomes, f.engine, file, f.Options)
	return f.report(ctx, f.outcomes.Take(), emit)
}

// report reports outcomes. An error ends the bundle, so that all other files come first.
func (f *embedFn) report(ctx context.Context, finished []outcome, emit func(layout.File)) error {
	err := flushOutcomes(ctx, f.Options.Layout.DeadLetters(), finished, emit)
	if err == nil {
		return nil
	}
	return endBundle(ctx, f.Options.Layout.DeadLetters(), &f.outcomes, emit, err)
}

// onHost says on which machine an error was met: on a cluster it matters.
func onHost(err error) error { return fmt.Errorf("on %s: %w", counters.Host(), err) }

func (f *embedFn) FinishBundle(ctx context.Context, emit func(layout.File)) error {
	return f.report(ctx, f.outcomes.Rest(), emit)
}

// embedOne embeds one file unless no more files are to be opened.
func embedOne(ctx context.Context, engine *models.Engine, file layout.File, o EmbedOptions) outcome {
	if err := engine.Broken(); err != nil { // this file has no part in it
		return outcome{file: file, left: onHost(err)}
	}
	if !openFiles.enter(time.Now()) {
		return outcome{file: file, left: ErrInterrupted}
	}
	defer func() { openFiles.leave(time.Now()) }()
	out := outcome{file: file, by: engine.Backend}
	if file.Isolated() {
		out.stats, out.by, out.err = theIsolation.embed(ctx, file, o)
		countEmbedded(out)
	} else {
		out.stats, out.err = embedFile(ctx, engine, file, o)
	}
	if out = out.finish(ctx); out.left == nil {
		theWorkload.End(file.Input)
	}
	noteCrashes(o.Layout, out)
	return out
}
