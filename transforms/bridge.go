package transforms

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() {
	register.DoFn3x1[context.Context, layout.File, func(layout.File), error](&enqueueFn{})
	register.DoFn3x1[context.Context, layout.File, func(layout.File), error](&awaitFn{})
}

// BridgeOptions say how Bridge works.
type BridgeOptions struct {
	Embed        EmbedOptions // for files that are taken back
	Redis        string       // URL
	Queue        string
	PathMap      []string      // FROM=TO: this machine's paths to those in the jobs
	ClaimTimeout time.Duration // after which a job that no worker has begun is taken back
	LostAfter    time.Duration // after which a job that is in no list is put in again
	Spread       bool          // several machines run the pipeline's DoFns
}

func (o BridgeOptions) open(ctx context.Context) (*mpsbridge.Queue, mpsbridge.PathMap, error) {
	paths, err := mpsbridge.ParsePathMaps(o.PathMap)
	if err != nil {
		return nil, paths, err
	}
	queue, err := mpsbridge.Open(ctx, o.Redis, o.Queue)
	return queue, paths, err
}

// Bridge has files embedded by the workers behind the bridge, and takes back what
// they do not get to: it turns a PCollection<File> into a PCollection<File> of those
// that were embedded. The others are in the dead letters.
//
// On Flink each TaskManager waits for its share of the files, divided by a hash of their
// names, and embeds of these what it takes back. The files are divided before anybody waits,
// not when they are taken back: Beam's Go SDK hands on what a DoFn emits only at the bundle's end or in
// pieces of megabytes, and Flink begins with what follows a GroupByKey when all before it
// has ended. A file that is taken back would lie there until the last worker is done.
func Bridge(s beam.Scope, o BridgeOptions, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Bridge")
	enqueued := beam.ParDo(s, &enqueueFn{Options: o}, files)
	groups := 1 // one process waits for all of them, and may take any of them back
	if o.Spread {
		groups = spreadGroups
	}
	return beam.ParDo(s, &awaitFn{Options: o}, BreakFusion(s, groups, enqueued))
}

// spreadGroups is into how many groups files are divided where several machines share
// them: so many that each machine has about as many files as any other.
const spreadGroups = 256

// enqueuedAtOnce is how many jobs are put into the queue in the first call, so that
// workers begin early. Each call reads the whole queue, so the next ones put in as many
// as all before together.
const enqueuedAtOnce = 10_000

// enqueueFn puts jobs into the queue, so that workers begin while the scan goes on.
type enqueueFn struct {
	Options BridgeOptions

	queue *mpsbridge.Queue
	paths mpsbridge.PathMap
	files []layout.File
	put   int // how many were put in before
}

func (f *enqueueFn) Setup(ctx context.Context) (err error) {
	f.queue, f.paths, err = f.Options.open(ctx)
	return err
}

func (f *enqueueFn) StartBundle(func(layout.File)) {}

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

// flush puts jobs in, those of big files first. It forgets what it could not put in: whoever
// waits for the files puts it in again.
func (f *enqueueFn) flush(ctx context.Context) error {
	var jobs []string
	for _, in := range sized(f.Options.Embed.Layout, f.files) {
		if raw, err := jobOf(in.file, f.paths); err == nil { // otherwise it is embedded here
			jobs = append(jobs, raw)
		}
	}
	f.put += len(f.files)
	f.files = nil
	_, _ = f.queue.Enqueue(ctx, jobs, true)
	return ctx.Err()
}

func (f *enqueueFn) Teardown() error { return f.queue.Close() }

// sizedFile is a file with the bytes of its input; 0: nobody knows.
type sizedFile struct {
	file layout.File
	size int64
}

// sized looks at the inputs' sizes and returns the files, big ones first: whoever begins a
// big file last lets all others wait for it.
func sized(tree layout.Layout, files []layout.File) []sizedFile {
	all := make([]sizedFile, len(files))
	inflight.Each(len(files), footerReads, func(i int) {
		all[i].file = files[i]
		if info, err := tree.Input(files[i]).Stat(); err == nil { // whoever embeds it says what is wrong
			all[i].size = info.Size()
		}
	})
	slices.SortStableFunc(all, func(a, b sizedFile) int { return cmp.Compare(b.size, a.size) })
	return all
}

func jobOf(file layout.File, paths mpsbridge.PathMap) (string, error) {
	return mpsbridge.Job{InputPath: paths.Map(file.Input), OutputPath: paths.Map(file.Output)}.Raw()
}

// awaitFn waits for the files of its bundle.
type awaitFn struct {
	Options BridgeOptions

	queue *mpsbridge.Queue
	paths mpsbridge.PathMap
	files []layout.File
}

func (f *awaitFn) Setup(ctx context.Context) (err error) {
	f.queue, f.paths, err = f.Options.open(ctx)
	return err
}

func (f *awaitFn) StartBundle(func(layout.File)) {}

func (f *awaitFn) ProcessElement(_ context.Context, file layout.File, _ func(layout.File)) error {
	f.files = append(f.files, file)
	return nil
}

func (f *awaitFn) FinishBundle(ctx context.Context, emit func(layout.File)) error {
	embed := f.Options.Embed
	b := newRemoteBatch(f.queue, &openPlaces{options: embed}, disk{embed.Layout}, systemClock{}, f.Options)
	inputs := sized(embed.Layout, f.files)
	f.files = nil
	for _, in := range slices.Backward(inputs) { // the biggest last
		raw, err := jobOf(in.file, f.paths)
		if err != nil {
			raw = ""
		}
		b.add(in.file, raw, in.size)
	}
	return awaitBatch(ctx, b, emit)
}

// awaitBatch reports the files of a batch until all have ended, or an error ends the bundle.
func awaitBatch(ctx context.Context, b *remoteBatch, emit func(layout.File)) error {
	deadLetters := b.options.Embed.Layout.DeadLetters()
	err := b.run(ctx, func(ended []outcome) error { return flushOutcomes(ctx, deadLetters, ended, emit) })
	if errors.Is(err, ErrInterrupted) {
		WaitDrained() // the error ends the whole run, and with it the other bundles
	}
	return err
}

func (f *awaitFn) Teardown() error { return f.queue.Close() }

// unreadable says whether a worker could not read a file that this program may be able to
// read: the worker's Parquet library lacks what some writers use.
func unreadable(d mpsbridge.DeadJob) bool {
	return slices.Contains([]deadletter.Code{deadletter.Damaged, deadletter.UnsupportedCodec, deadletter.UnsupportedEncoding}, deadletter.Code(d.Code))
}

// deathOf returns why a job is dead, with the worker's code. A worker of another version may
// have codes that this program does not know, or none.
func deathOf(d mpsbridge.DeadJob) error {
	code := deadletter.Code(d.Code)
	if !deadletter.Known(code) {
		code = deadletter.Internal
	}
	return code.Errorf("worker %s: %s (attempt %d)", d.Worker, d.Reason, d.Attempts)
}
