package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms"
	"golang.org/x/sync/errgroup"
)

// Exit codes; an interrupted run exits with 128 + the signal's number.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDeadLetters = 3
)

// run runs the pipeline and returns the exit code.
func run(c Config) int {
	beam.Init()
	log := startLogging()
	start := time.Now()
	if c.sample {
		log.Info("no --root given: running on the bundled sample", "root", c.Root)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := watchSignals()
	go stop.cancelWhenDrained(cancel)
	go logProgress(ctx, log)

	p, s := beam.NewPipelineWithRoot()
	engine, server, err := open(ctx, c)
	defer server.Stop()
	if err != nil {
		return report(c, stop, usageError{err}, 0)
	}
	mixed := mixture(c, engine)
	if mixed != "" {
		log.Warn("the suffix is mixed: " + mixed)
	}
	Build(s, c, server.Address())
	counts, err := execute(ctx, p, c)
	sum := summarise(c, counts, work{
		Backend: engine.Backend, mixture: mixed, padding: engine.Padding(), took: time.Since(start), embedding: transforms.EmbeddingTime(),
	})
	return report(c, stop, errors.Join(err, sum.print(c)), sum.DeadLettered)
}

// open opens the engine, so that a wrong model stops the run before it starts,
// and meanwhile the Python side if it is needed.
func open(ctx context.Context, c Config) (*models.Engine, *cluster.Server, error) {
	var server *cluster.Server
	var starting errgroup.Group
	if c.Cluster {
		starting.Go(func() (err error) {
			server, err = cluster.Start(ctx, c.Python)
			return err
		})
	}
	engine, err := models.Shared(c.engine())
	err = errors.Join(err, starting.Wait())
	if err == nil && c.partition().Bridged() {
		err = announce(ctx, c, engine.Folder)
	}
	return engine, server, err
}

// execute runs the pipeline to its end, brings the dead letters up to date and
// returns what was counted: in this process, unless others did the work and the
// job ended well, which is when their counts have come.
func execute(ctx context.Context, p *beam.Pipeline, c Config) (map[string]int64, error) {
	runner, err := runners.Named(c.Runner)
	if err != nil {
		return nil, err
	}
	result, err := runner.Run(ctx, p)
	counts := transforms.LocalCounts()
	if !runner.InProcess() && err == nil {
		counts = transforms.Counts(result.Metrics())
	}
	return counts, errors.Join(err, transforms.CompactDeadLetters(c.Layout().DeadLetters()))
}

// report says how the run ended and returns the exit code.
func report(c Config, stop *stopper, err error, deadLetters int64) int {
	if sig := stop.received(); sig != 0 {
		fmt.Fprintln(os.Stderr, "interrupted: open files were finished; run again to go on")
		return 128 + int(sig)
	}
	var usage usageError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintln(os.Stderr, "error:", err)
		return exitUsage
	case err != nil:
		fmt.Fprintln(os.Stderr, "error:", err)
		return exitFailed
	case deadLetters > 0:
		fmt.Fprintf(os.Stderr, "dead letters: %d; the reasons are in %s\n", deadLetters, c.Layout().DeadLetters())
		return exitDeadLetters
	}
	return exitDone
}
