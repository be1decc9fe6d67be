package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() {
	register.DoFn3x1[context.Context, layout.File, func(layout.File), error](&embedFn{})
}

// Embed embeds files and writes their outputs: it turns a PCollection<File> into
// a PCollection<File> of those that were embedded. The others are in the dead letters.
func Embed(s beam.Scope, o embedding.Options, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Embed")
	return beam.ParDo(s, &embedFn{Options: o}, beam.Reshuffle(s, files))
}

// embedFn keeps several files open at once.
type embedFn struct {
	Options embedding.Options

	bundle *embedding.Bundle
}

// Setup checks that an engine can be opened on this machine. The first file opens it, because a
// run that finds nothing to do needs none.
func (f *embedFn) Setup() error {
	if _, err := models.Check(f.Options.Model); err != nil {
		return counters.OnHost(err)
	}
	f.bundle = thisProcess.Embedder.NewBundle(f.Options)
	return nil
}

func (f *embedFn) StartBundle(func(layout.File)) {}

func (f *embedFn) ProcessElement(ctx context.Context, file layout.File, emit func(layout.File)) error {
	return f.bundle.Embed(ctx, file, reporter(ctx, emit))
}

func (f *embedFn) FinishBundle(ctx context.Context, emit func(layout.File)) error {
	return f.bundle.Finish(reporter(ctx, emit))
}

// reporter reports what became of files to Beam.
func reporter(ctx context.Context, emit func(layout.File)) embedding.Reporter {
	return embedding.Reporter{
		Emit:   emit,
		Metric: func(name string, n int64) { addMetric(ctx, name, n) },
		Warn:   func(text string) { log.Warn(ctx, text) },
	}
}
