package transforms

import (
	"context"
	"slices"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

func init() {
	register.DoFn3x1[context.Context, File, func(File), error](&enqueueFn{})
	register.DoFn3x1[context.Context, File, func(File), error](&awaitFn{})
	register.DoFn3x0[int, func(*File) bool, func(File)](&ungroupFn{})
	register.Iter1[File]()
}

var filesBridged = NewCounter("files_by_workers")

// BridgeOptions say how Bridge works.
type BridgeOptions struct {
	Embed        EmbedOptions // for files that are taken back
	Redis        string       // URL
	Queue        string
	PathMap      []string      // FROM=TO: this machine's paths to those in the jobs
	ClaimTimeout time.Duration // after which a job that no worker has begun is taken back
	LostAfter    time.Duration // after which a job that is in no list is put in again
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
func Bridge(s beam.Scope, o BridgeOptions, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Bridge")
	enqueued := beam.ParDo(s, &enqueueFn{Options: o}, files)
	return beam.ParDo(s, &awaitFn{Options: o}, Apart(s, enqueued))
}

// Apart has what comes after it run in a stage of its own: it turns a
// PCollection<File> into the same PCollection<File>. Otherwise one branch of a
// pipeline waits while another works; Prism takes no notice of Reshuffle.
func Apart(s beam.Scope, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Apart")
	return beam.ParDo(s, &ungroupFn{}, beam.GroupByKey(s, beam.AddFixedKey(s, files)))
}

type ungroupFn struct{}

func (*ungroupFn) ProcessElement(_ int, files func(*File) bool, emit func(File)) {
	for file := (File{}); files(&file); {
		emit(file)
	}
}

// enqueuedAtOnce bounds the jobs that are put into the queue in one call.
const enqueuedAtOnce = 10_000

// enqueueFn puts jobs into the queue, so that workers begin while the scan goes on.
type enqueueFn struct {
	Options BridgeOptions

	queue *mpsbridge.Queue
	paths mpsbridge.PathMap
	jobs  []string
}

func (f *enqueueFn) Setup(ctx context.Context) (err error) {
	f.queue, f.paths, err = f.Options.open(ctx)
	return err
}

func (f *enqueueFn) StartBundle(func(File)) {}

func (f *enqueueFn) ProcessElement(ctx context.Context, file File, emit func(File)) error {
	if raw, err := jobOf(file, f.paths); err == nil { // otherwise it is embedded here
		f.jobs = append(f.jobs, raw)
	}
	emit(file)
	if len(f.jobs) < enqueuedAtOnce {
		return nil
	}
	return f.flush(ctx)
}

func (f *enqueueFn) FinishBundle(ctx context.Context, _ func(File)) error { return f.flush(ctx) }

// flush forgets what it could not put in: whoever waits for the files puts it in again.
func (f *enqueueFn) flush(ctx context.Context) error {
	_, _ = f.queue.Enqueue(ctx, f.jobs, true)
	f.jobs = nil
	return ctx.Err()
}

func (f *enqueueFn) Teardown() error { return f.queue.Close() }

func jobOf(file File, paths mpsbridge.PathMap) (string, error) {
	return mpsbridge.Job{InputPath: paths.Map(file.Input), OutputPath: paths.Map(file.Output)}.Raw()
}

// awaitFn waits for the files of its bundle.
type awaitFn struct {
	Options BridgeOptions

	queue *mpsbridge.Queue
	paths mpsbridge.PathMap
	files []File
}

func (f *awaitFn) Setup(ctx context.Context) (err error) {
	f.queue, f.paths, err = f.Options.open(ctx)
	return err
}

func (f *awaitFn) StartBundle(func(File)) {}

func (f *awaitFn) ProcessElement(_ context.Context, file File, _ func(File)) error {
	f.files = append(f.files, file)
	return nil
}

func (f *awaitFn) FinishBundle(ctx context.Context, emit func(File)) error {
	c := newCrossing(f.queue, f.Options, time.Now())
	for _, file := range f.files {
		raw, err := jobOf(file, f.paths)
		if err != nil {
			raw = ""
		}
		c.add(file, raw, time.Now())
	}
	f.files = nil
	for !c.over() {
		finished, err := c.step(ctx)
		if err == nil {
			err = flushOutcomes(ctx, f.Options.Embed.Layout.DeadLetters(), finished, emit)
		}
		if err != nil {
			c.giveUp(ctx)
			return err
		}
	}
	return nil
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
