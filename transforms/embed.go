package transforms

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
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
	filesDone     = NewCounter("files_done")
	filesDead     = NewCounter("files_dead_lettered")
	rowsDone      = NewCounter("rows")
	tokensDone    = NewCounter("tokens")
	tokensSeen    = NewCounter("tokens_before_truncation")
	tokensReused  = NewCounter("tokens_reused")
	rowsTruncated = NewCounter("rows_truncated")
	rowsRepaired  = NewCounter("rows_repaired")
)

// openFilesPerCPU is how many files are open at once for each core: enough that
// their texts make batches of near-equal length.
const openFilesPerCPU = 4

// slots has a place for each file that may be open in this process, however many
// bundles the runner works on at once.
var slots = make(chan struct{}, openFilesPerCPU*runtime.GOMAXPROCS(0))

// ErrInterrupted fails a run that was asked to stop by Drain.
var ErrInterrupted = errors.New("interrupted: open files are finished, the others are left for the next run")

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
	open     sync.WaitGroup
	mu       sync.Mutex
	finished []outcome
}

// outcome is what became of one file.
type outcome struct {
	file  File
	stats fileStats
	err   error
}

// each calls add for every counter that the outcome adds to.
func (o outcome) each(add func(c *Counter, n int64)) {
	if o.err != nil {
		add(filesDead, 1)
		return
	}
	add(filesDone, 1)
	add(rowsDone, o.stats.rows)
	add(tokensDone, o.stats.tokens)
	add(tokensSeen, o.stats.allTokens)
	add(tokensReused, o.stats.reused)
	add(rowsTruncated, o.stats.truncated)
	add(rowsRepaired, o.stats.repaired)
}

func (f *embedFn) Setup() (err error) {
	f.engine, err = models.Shared(f.Options.Model)
	return err
}

func (f *embedFn) StartBundle(func(File)) {}

func (f *embedFn) ProcessElement(ctx context.Context, file File, emit func(File)) error {
	slots <- struct{}{}
	if !openFiles.enter(time.Now()) {
		<-slots
		openFiles.wait() // this error ends the whole run, and with it the other bundles
		return errors.Join(f.FinishBundle(ctx, emit), ErrInterrupted)
	}
	f.open.Go(func() {
		defer func() { openFiles.leave(time.Now()) }()
		stats, err := embedFile(ctx, f.engine, file, f.Options)
		o := outcome{file, stats, err}
		o.each(func(c *Counter, n int64) { c.local.Add(n) }) // progress must not wait for the bundle
		f.mu.Lock()
		f.finished = append(f.finished, o)
		f.mu.Unlock()
		<-slots
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
		o.each(func(c *Counter, n int64) { c.beam.Inc(ctx, n) })
		if o.err == nil {
			emit(o.file)
			continue
		}
		if ctx.Err() != nil { // the run was stopped; the file may be a good one
			return fmt.Errorf("embedding %s: %w", o.file.Input, o.err)
		}
		log.Warnf(ctx, "dead letter: %s: %v", o.file.Input, o.err)
		err := appendDeadLetter(f.Options.DeadLetters, DeadLetter{
			Input: o.file.Input, Output: o.file.Output, Step: "embed", Error: o.err.Error(), Time: time.Now().UTC(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
