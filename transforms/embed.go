package transforms

import (
	"context"
	"errors"
	"fmt"
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
var slots = perCPU(openFilesPerCPU)

// ErrInterrupted fails a run that was asked to stop by Drain.
var ErrInterrupted = errors.New("interrupted: open files are finished, the others are left for the next run")

// EmbedOptions say how Embed works.
type EmbedOptions struct {
	Layout     Layout
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
	outcomes ahead[outcome]
}

// outcome is what became of one file.
type outcome struct {
	file  File
	stats fileStats
	err   error
	by    models.Backend // what embedded it in this process
	// bridged: a worker behind the bridge embedded it, or let it die
	bridged bool
}

// each calls add for every counter that the outcome adds to.
func (o outcome) each(add func(c *Counter, n int64)) {
	if o.err != nil {
		add(filesDead, 1)
		return
	}
	add(filesDone, 1)
	if o.bridged {
		add(filesBridged, 1)
	}
	add(rowsDone, o.stats.Rows)
	add(tokensDone, o.stats.Tokens)
	add(tokensSeen, o.stats.AllTokens)
	add(tokensReused, o.stats.Reused)
	add(rowsTruncated, o.stats.Truncated)
	add(rowsRepaired, o.stats.Repaired)
}

// Setup checks that this machine has what embedding takes. The engine is opened with
// the first file: a run that finds nothing to do needs none.
func (f *embedFn) Setup() error {
	if _, err := models.Check(f.Options.Model); err != nil {
		return onHost(err)
	}
	return nil
}

func (f *embedFn) StartBundle(func(File)) {}

func (f *embedFn) ProcessElement(ctx context.Context, file File, emit func(File)) (err error) {
	if f.engine == nil {
		if f.engine, err = models.Shared(f.Options.Model); err != nil {
			return onHost(err)
		}
	}
	f.outcomes.start(slots, func() outcome { return embedOne(ctx, f.engine, file, f.Options) })
	return flushOutcomes(ctx, f.Options.Layout.DeadLetters(), f.outcomes.take(), emit)
}

// onHost says on which machine an error was met: on a cluster it matters.
func onHost(err error) error { return fmt.Errorf("on %s: %w", hostName(), err) }

func (f *embedFn) FinishBundle(ctx context.Context, emit func(File)) error {
	return flushOutcomes(ctx, f.Options.Layout.DeadLetters(), f.outcomes.rest(), emit)
}

// embedOne embeds one file unless no more files are to be opened.
func embedOne(ctx context.Context, engine *models.Engine, file File, o EmbedOptions) outcome {
	if !openFiles.enter(time.Now()) {
		return outcome{file: file, err: ErrInterrupted}
	}
	defer func() { openFiles.leave(time.Now()) }()
	out := outcome{file: file, by: engine.Backend}
	if file.Suspect {
		out.stats, out.by, out.err = theWard.embed(file, o)
	} else {
		out.stats, out.err = embedFile(ctx, engine, file, o)
	}
	if errors.Is(out.err, ErrInterrupted) {
		return out
	}
	out.each(func(c *Counter, n int64) { c.local.Add(n) }) // progress must not wait for the bundle
	return out
}

// flushOutcomes emits and counts the files that have finished.
func flushOutcomes(ctx context.Context, deadLetters string, finished []outcome, emit func(File)) error {
	interrupted := false
	for _, o := range finished {
		if errors.Is(o.err, ErrInterrupted) {
			interrupted = true
			continue
		}
		o.each(func(c *Counter, n int64) { c.beam.Inc(ctx, n) })
		if o.err == nil {
			if o.by.Name != "" {
				countForProcess(ctx, o.by)
			}
			emit(o.file)
			continue
		}
		if ctx.Err() != nil { // the run was stopped; the file may be a good one
			return fmt.Errorf("embedding %s: %w", o.file.Input, o.err)
		}
		log.Warnf(ctx, "dead letter: %q: %s", o.file.Input, reason(o.err))
		err := appendDeadLetter(deadLetters, deadLetter(o.file, "embed", o.err))
		if err != nil {
			return err
		}
	}
	if interrupted {
		openFiles.wait() // the error ends the whole run, and with it the other bundles
		return ErrInterrupted
	}
	return nil
}
