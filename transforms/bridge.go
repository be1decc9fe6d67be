package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/remote"
)

func init() {
	register.DoFn3x1[context.Context, layout.File, func(layout.File), error](&enqueueFn{})
	register.DoFn3x1[context.Context, layout.File, func(layout.File), error](&awaitFn{})
}

// Bridge lets the workers behind the bridge embed files, and takes back the files that
// they do not get to: it turns a PCollection<File> into a PCollection<File> of those
// that were embedded. The others are in the dead letters.
//
// On Flink, a hash of its name puts each file into the share of one TaskManager. Each
// TaskManager waits for its share, and embeds the files that it takes back. The files are
// divided before anybody waits, not when they are taken back. Otherwise a file that is taken
// back would wait until the last worker is done, for two reasons: Beam's Go SDK passes on
// what a DoFn emits only at the bundle's end or in pieces of megabytes, and Flink starts the
// steps after a GroupByKey only when all steps before it have ended.
func Bridge(s beam.Scope, o remote.Options, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Bridge")
	enqueued := beam.ParDo(s, &enqueueFn{bridgeFn: bridgeFn{Options: o}}, files)
	groups := 1 // one process waits for all of them, and may take any of them back
	if o.Spread {
		groups = spreadGroups
	}
	return beam.ParDo(s, &awaitFn{bridgeFn{Options: o}}, BreakFusion(s, groups, enqueued))
}

// spreadGroups is the number of groups into which files are divided if several machines
// share them. It is large, so that all machines get about as many files.
const spreadGroups = 256

// enqueuedAtOnce is how many jobs are put into the queue in the first call, so that
// workers begin early. Each call reads the whole queue, so the next ones put in as many
// as all before together.
const enqueuedAtOnce = 10_000

// bridgeFn is what enqueueFn and awaitFn have in common.
type bridgeFn struct {
	Options remote.Options

	client *remote.Client
	files  []layout.File
}

func (f *bridgeFn) Setup(ctx context.Context) (err error) {
	f.client, err = remote.Open(ctx, f.Options, thisProcess.Reads, thisProcess.Embedder)
	return err
}

func (f *bridgeFn) StartBundle(func(layout.File)) {}

func (f *bridgeFn) Teardown() error { return f.client.Close() }

// enqueueFn puts jobs into the queue, so that workers begin while the scan goes on.
type enqueueFn struct {
	bridgeFn
	put int // how many were put in before
}

func (f *enqueueFn) ProcessElement(ctx context.Context, file layout.File, emit func(layout.File)) error {
	if !file.Anew { // awaitFn puts those in, when it knows their old outputs
		f.files = append(f.files, file)
	}
	emit(file)
	if len(f.files) < max(enqueuedAtOnce, f.put) {
		return nil
	}
	return f.flush(ctx)
}

func (f *enqueueFn) FinishBundle(ctx context.Context, _ func(layout.File)) error { return f.flush(ctx) }

func (f *enqueueFn) flush(ctx context.Context) error {
	f.client.Enqueue(ctx, f.files)
	f.put += len(f.files)
	f.files = nil
	return ctx.Err()
}

// awaitFn waits for the files of its bundle.
type awaitFn struct{ bridgeFn }

func (f *awaitFn) ProcessElement(_ context.Context, file layout.File, _ func(layout.File)) error {
	f.files = append(f.files, file)
	return nil
}

func (f *awaitFn) FinishBundle(ctx context.Context, emit func(layout.File)) error {
	files := f.files
	f.files = nil
	return f.client.Await(ctx, files, reporter(ctx, emit))
}
