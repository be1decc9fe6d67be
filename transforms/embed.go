package transforms

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/models"
)

func init() {
	register.DoFn3x1[context.Context, File, func(File), error](&embedFn{})
}

var (
	filesDone       = NewCounter("files_done")
	filesDead       = NewCounter("files_dead_lettered")
	rowsDone        = NewCounter("rows")
	tokensDone      = NewCounter("tokens")
	tokensSeen      = NewCounter("tokens_before_truncation")
	rowsTruncated   = NewCounter("rows_truncated")
	rowsRepaired    = NewCounter("rows_repaired")
	openFilesPerCPU = 4 // files open at once for each core: their texts share batches
)

// ErrInterrupted fails a run that was asked to stop by Drain.
var ErrInterrupted = errors.New("interrupted: open files are finished, the others are left for the next run")

var draining atomic.Bool

var openFiles atomic.Int64

// OpenFiles returns how many files Embed has open in this process.
func OpenFiles() int64 { return openFiles.Load() }

// Drain makes every Embed in this process finish its open files, take no more
// and then fail with ErrInterrupted.
func Drain() { draining.Store(true) }

// EmbedOptions say how Embed works.
type EmbedOptions struct {
	Model       models.Config
	TextColumn  string
	Keep        []string // columns kept in the output; empty: all scalar ones
	DeadLetters string   // path of the dead letters
}

// Embed embeds files and writes their outputs: it turns a PCollection<File> into
// a PCollection<File> of those that were embedded. The others are in the dead letters.
func Embed(s beam.Scope, o EmbedOptions, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Embed")
	return beam.ParDo(s, &embedFn{Options: o}, beam.Reshuffle(s, files))
}

// embedFn keeps several files open at once, whatever the size of the runner's
// bundles: ProcessElement hands a file over and returns, files that are finished
// are emitted by the calls after it, FinishBundle waits for the rest.
type embedFn struct {
	Options EmbedOptions

	engine   *models.Engine
	slots    chan struct{}
	open     sync.WaitGroup
	mu       sync.Mutex
	finished []outcome
}

type outcome struct {
	file  File
	stats fileStats
	err   error
}

func (f *embedFn) Setup() (err error) {
	f.engine, err = models.Shared(f.Options.Model)
	f.slots = make(chan struct{}, openFilesPerCPU*runtime.GOMAXPROCS(0))
	return err
}

func (f *embedFn) StartBundle(func(File)) {}

func (f *embedFn) ProcessElement(ctx context.Context, file File, emit func(File)) error {
	if !draining.Load() {
		f.slots <- struct{}{}
	}
	if draining.Load() {
		return errors.Join(f.FinishBundle(ctx, emit), ErrInterrupted)
	}
	openFiles.Add(1)
	f.open.Go(func() {
		defer openFiles.Add(-1)
		stats, err := embedFile(ctx, f.engine, file, f.Options)
		f.mu.Lock()
		f.finished = append(f.finished, outcome{file, stats, err})
		f.mu.Unlock()
		<-f.slots
	})
	return f.flush(ctx, emit)
}

func (f *embedFn) FinishBundle(ctx context.Context, emit func(File)) error {
	f.open.Wait()
	return f.flush(ctx, emit)
}

// flush emits and counts the files that have finished.
func (f *embedFn) flush(ctx context.Context, emit func(File)) error {
	f.mu.Lock()
	finished := f.finished
	f.finished = nil
	f.mu.Unlock()
	for _, o := range finished {
		if o.err != nil {
			filesDead.Inc(ctx, 1)
			log.Warnf(ctx, "dead letter: %s: %v", o.file.Input, o.err)
			err := appendDeadLetter(f.Options.DeadLetters, DeadLetter{
				Input: o.file.Input, Output: o.file.Output, Step: "embed", Error: o.err.Error(), Time: time.Now().UTC(),
			})
			if err != nil {
				return err
			}
			continue
		}
		filesDone.Inc(ctx, 1)
		rowsDone.Inc(ctx, o.stats.rows)
		tokensDone.Inc(ctx, o.stats.tokens)
		tokensSeen.Inc(ctx, o.stats.allTokens)
		rowsTruncated.Inc(ctx, o.stats.truncated)
		rowsRepaired.Inc(ctx, o.stats.repaired)
		emit(o.file)
	}
	return nil
}
