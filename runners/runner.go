// Package runners runs a pipeline on one of Beam's runners, one file each.
package runners

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// Runner runs a pipeline to its end.
type Runner interface {
	// Check returns what is wrong with the options, before anything is started.
	Check(ctx context.Context) error
	// Run returns the job's result with its metrics, or nil if nobody waits for
	// it. If ctx is cancelled it soon returns, with an error.
	Run(ctx context.Context, p *beam.Pipeline) (beam.PipelineResult, error)
	// InProcess says that all DoFns in Go run in this process, so that what they
	// count here is the whole.
	InProcess() bool
}

// Options are what runners on a cluster must know. The zero value will do for Prism.
type Options struct {
	FlinkMaster string // HOST:PORT of Flink's REST address
	Endpoint    string // HOST:PORT of a Beam job server that runs already
	JobServer   string // path of the job server's jar, if there is no Endpoint
	Boot        string // path, on the cluster's machines, of the program that starts a worker process
	StagingDir  string // folder for the worker binary, which this machine and the cluster's machines see
	Async       bool   // do not wait for the job's end
}

var byName = map[string]func(Options) Runner{
	"prism": func(o Options) Runner { return prismRunner{o} },
	"flink": func(o Options) Runner { return flinkRunner{o} },
}

// Named returns the runner for the flag --runner.
func Named(name string, o Options) (Runner, error) {
	r, ok := byName[strings.ToLower(name)]
	if !ok {
		return nil, fmt.Errorf("no runner %q; choose one of: %s", name, strings.Join(slices.Sorted(maps.Keys(byName)), ", "))
	}
	return r(o), nil
}

// untilDone lets one of Beam's runners execute a pipeline, and returns when the pipeline
// has ended, or as soon as ctx ends. Beam alone would still wait for its workers.
func untilDone(ctx context.Context, name string, p *beam.Pipeline,
	execute func(context.Context, *beam.Pipeline) (beam.PipelineResult, error),
) (beam.PipelineResult, error) {
	var (
		res  beam.PipelineResult
		err  error
		done = make(chan struct{})
	)
	go func() {
		defer close(done)
		res, err = execute(ctx, p)
	}()
	select {
	case <-done:
		if err != nil {
			return nil, fmt.Errorf("running on %s: %w", name, jobError(err))
		}
		return res, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
