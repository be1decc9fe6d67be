// Package job is one run, or one assignment, from start to end: its leases, its record, its signals, its summary.
package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/lease"
	"github.com/threadloom/threadloom/pipeline/watch"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/importer"
	"github.com/threadloom/threadloom/transforms/outputs"
	"golang.org/x/sync/errgroup"
)

// Exit codes; an interrupted run exits with 128 + the signal's number.
const (
	ExitDone        = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitDeadLetters = 3 // or clustering left files out
	ExitOtherRun    = 4
)

// ExitCode returns the exit code of a command that ends with an error.
func ExitCode(err error) int {
	_, isUsage := errors.AsType[config.UsageError](err)
	_, isForeign := errors.AsType[*importer.ForeignError](err) // which says what flag helps
	switch {
	case errors.Is(err, lease.ErrHeld):
		return ExitOtherRun
	case isUsage || isForeign:
		return ExitUsage
	}
	return ExitFailed
}

// Run runs the pipeline and returns the exit code.
func Run(c *config.Run, console *watch.Console) int {
	beam.Init()
	r := &activeRun{c: c, console: console, log: startLogging(console), start: time.Now(), stop: watchSignals(console, drain)}
	if c.Files.Sample {
		r.log.Info("no --root given: running on the bundled sample", "root", c.Files.Root)
	}
	if c.Clustering.On && c.Clustering.NameURL != "" {
		r.log.Info("the words and typical chains of each cluster are sent to a server, which names it", "url", c.Clustering.NameURL, "model", c.Clustering.NameModel)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go r.stop.cancelWhenDrained(cancel)
	defer r.close()
	p, err := r.prepare(ctx, cancel)
	if err != nil {
		return report(c, r.stop, err, 0)
	}
	return r.run(ctx, p)
}

// activeRun is a run with what it holds.
type activeRun struct {
	console *watch.Console
	c       *config.Run
	held    leases
	stop    *signals
	runner  runners.Runner
	opened  resources
	log     *slog.Logger
	start   time.Time
}

// prepare opens what the run needs, takes the leases, tells the workers, and returns the pipeline.
// Nothing is published or written before the leases are taken.
func (r *activeRun) prepare(ctx context.Context, cancel context.CancelFunc) (p *beam.Pipeline, err error) {
	c := r.c
	if r.runner, err = c.Flink.Named(); err != nil {
		return nil, err
	}
	if err := c.CheckWritable(); err != nil {
		return nil, err
	}
	if r.opened, err = open(ctx, c, r.runner.InProcess()); err != nil {
		return nil, config.Usagef("%w", err)
	}
	if r.held, err = takeLeases(c.LeasedFolders()...); err != nil {
		return nil, err
	}
	r.held.stopWhenLost(ctx, r.console, r.opened.server, cancel)
	if c.Workers.Bridged() {
		if err := announce(ctx, c, r.opened.model); err != nil {
			return nil, config.Usagef("%w", err)
		}
	}
	p, s := beam.NewPipelineWithRoot()
	if err := build(s, c, r.opened.clusterAddr, r.held.of(c.Files.Clusters()).Path()); err != nil {
		return nil, config.Usagef("%w", err)
	}
	return p, nil
}

// close ends the server, which may write to the leased folders until then, and gives the leases back.
func (r *activeRun) close() {
	r.opened.server.Stop()
	r.held.release()
}

// run runs the pipeline, watched, and returns the exit code.
func (r *activeRun) run(ctx context.Context, p *beam.Pipeline) int {
	look := transforms.ThisProcess().Counts.All
	shown := look
	if r.runner.InProcess() {
		transforms.ThisProcess().Embedder.WatchRows(ctx, r.c.Embedding())
	} else {
		look = watch.OnDisk(r.c.Files.Layout(), r.c.Files.Names)
		shown = watch.NowAndThen(look)
	}
	meter, err := watch.StartMetrics(r.c.Watching, r.c.Files.Suffix, r.c.Model.Config, shown, r.start)
	if err != nil {
		return report(r.c, r.stop, err, 0)
	}
	record, err := newRecord(r.c, r.start)
	if err != nil {
		return report(r.c, r.stop, errors.Join(err, meter.Stop(nil)), 0)
	}
	shows := &watch.Progress{
		Console: r.console,
		Look:    func() watch.State { return watch.StateOf(shown()) },
		Engine:  r.c.Model.Config, Words: watch.Words{Doing: "embedding", Dead: "dead letters"},
	}
	if r.c.Clustering.On {
		shows.Words.Then = "clustering"
	}
	if r.c.Workers.Bridged() && r.c.Watching.Progress != config.ProgressNone {
		shows.Remote = watch.Workers(ctx, r.c.Workers.Redis)
	}
	endProgress := shows.Start(ctx, r.c.Watching.Progress)
	earlier := outputs.SampleFingerprints(r.c.Files.Layout(), r.c.Files.Names, mostEarlier)
	counts, err := r.execute(ctx, p)
	endProgress()
	var sum *summary
	code := ExitDone
	if r.c.Flink.Async && err == nil {
		r.log.Info("the job is submitted", "name", *jobopts.JobName)
	} else {
		sum = r.summarise(counts, earlier, look)
		if err == nil {
			err = nothingClustered(sum, counts)
		}
		err = errors.Join(err, sum.print(r.c))
		code = report(r.c, r.stop, err, sum.DeadLettered)
		code = reportLeftOut(code, os.Stderr, sum.FilesLeftOut, sum.LeftOut, sum.leftOutList)
	}
	now := time.Now()
	if err := errors.Join(record.end(sum, err, code, now), meter.Stop(&watch.RunEnd{Counts: counts, Code: code, At: now})); err != nil {
		r.log.Warn("cannot write the end of the run's record", "error", err)
	}
	return code
}

func (r *activeRun) summarise(counts map[string]int64, earlier []chainfile.Fingerprint, look func() map[string]int64) *summary {
	sum := summarise(r.c, counts, embeddedHere(r.c, time.Since(r.start)))
	if !r.runner.InProcess() {
		sum.FilesUncounted = max(0, watch.StateOf(look()).Done-sum.FilesDone)
	}
	if err := sum.nameLeftOut(r.c); err != nil {
		r.log.Warn("cannot name the files that clustering left out", "error", err)
	}
	if sum.Mixture = mixture(earlier, r.opened.model, sum.Precision); sum.Mixture != "" {
		r.log.Warn("the suffix is mixed: " + sum.Mixture)
	}
	return sum
}

// resources are what a run holds open.
type resources struct {
	model       *models.Folder  // nil if only other machines need it
	server      *cluster.Server // nil if this run has none of its own
	clusterAddr string          // empty: nothing is clustered
}

// open checks the model if this process embeds, so that a wrong one stops the run before it
// starts. At the same time it starts the Python side if it is needed.
func open(ctx context.Context, c *config.Run, inProcess bool) (o resources, err error) {
	var starting errgroup.Group
	switch {
	case c.Clustering.StartsPython():
		starting.Go(func() (err error) {
			o.server, err = cluster.Start(ctx, c.Clustering.Python)
			return err
		})
	case c.Clustering.On:
		o.clusterAddr = c.Clustering.Endpoint
	}
	switch {
	case inProcess:
		o.model, err = models.Check(c.Model.Config)
	case c.Workers.Bridged():
		o.model, err = models.OpenFolder(c.Model.Folder)
	}
	if err = errors.Join(err, starting.Wait()); err != nil {
		return o, err
	}
	if o.server != nil {
		o.clusterAddr = o.server.Addr
	}
	return o, nil
}

// embeddedHere says how this process embedded, if it did.
func embeddedHere(c *config.Run, took time.Duration) work {
	w := work{took: took, embedding: transforms.ThisProcess().Embedder.Time()}
	if e := models.Opened(c.Model.Config); e != nil {
		w.Backend, w.padding = e.Backend, e.Padding()
	}
	return w
}

// execute runs the pipeline to its end, brings the dead letters up to date and returns what was
// counted. Those are the counts of this process. If other processes did the work, theirs come with
// the result of a job that ended well. If another run has taken over, the dead letters belong to it.
func (r *activeRun) execute(ctx context.Context, p *beam.Pipeline) (map[string]int64, error) {
	result, err := r.runner.Run(ctx, p)
	counts := transforms.ThisProcess().Counts.All()
	if !r.runner.InProcess() && result != nil {
		counts = transforms.Committed(result.Metrics())
	}
	if lost := r.held.held(); lost != nil {
		return counts, lost
	}
	return counts, errors.Join(err, deadletter.Compact(r.c.Files.Layout()))
}

// report says how the run ended and returns the exit code.
func report(c *config.Run, stop *signals, err error, deadLetters int64) int {
	if sig := stop.received(); sig != 0 && interruption(err) {
		fmt.Fprintln(os.Stderr, "interrupted: open files were finished; run again to go on")
		return 128 + int(sig)
	}
	err = config.WithOrigins(err, c.From())
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		return ExitCode(err)
	case deadLetters > 0:
		fmt.Fprintf(os.Stderr, "dead letters: %d; the reasons are in %s\n", deadLetters, c.Files.Layout().DeadLetters())
		return ExitDeadLetters
	}
	return ExitDone
}
