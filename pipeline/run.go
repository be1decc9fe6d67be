package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	beamlog "github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms"
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
	log := startLogging()
	beam.Init()
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
	server, err := assemble(ctx, s, c)
	defer server.Stop()
	if err != nil {
		return report(c, stop, usageError{err}, 0)
	}
	result, err := execute(ctx, p, c)
	sum := summarise(c, result, time.Since(start))
	sum.print(c)
	return report(c, stop, err, sum.DeadLettered)
}

// startLogging makes Beam log its warnings only, and returns our own logger.
func startLogging() *slog.Logger {
	beamlog.LogLevel = "warn"
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

// assemble opens the engine, so that a wrong model stops the run before it
// starts, then the Python side if it is needed, and builds the pipeline.
func assemble(ctx context.Context, s beam.Scope, c Config) (*cluster.Server, error) {
	if _, err := models.Shared(c.engine()); err != nil {
		return nil, err
	}
	if !c.Cluster {
		Build(s, c, "")
		return nil, nil
	}
	server, err := cluster.Start(ctx, c.Python)
	if err != nil {
		return nil, err
	}
	Build(s, c, server.Addr)
	return server, nil
}

// execute runs the pipeline to its end and brings the dead letters up to date.
func execute(ctx context.Context, p *beam.Pipeline, c Config) (beam.PipelineResult, error) {
	runner, err := runners.Named(c.Runner)
	if err != nil {
		return nil, err
	}
	result, err := runner.Run(ctx, p)
	return result, errors.Join(err, transforms.CompactDeadLetters(c.Layout().DeadLetters()))
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
		fmt.Fprintf(os.Stderr, "%d files could not be embedded; the reasons are in %s\n", deadLetters, c.Layout().DeadLetters())
		return exitDeadLetters
	}
	return exitDone
}
