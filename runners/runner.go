// Package runners runs a pipeline on one of Beam's runners, one file each.
package runners

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
)

// Runner runs a pipeline to its end.
type Runner interface {
	// Run returns the job's result with its metrics. When ctx is cancelled it
	// returns soon, with an error.
	Run(ctx context.Context, p *beam.Pipeline) (beam.PipelineResult, error)
	// InProcess says that all DoFns in Go run in this process, so that what they
	// count here is the whole.
	InProcess() bool
}

var byName = map[string]Runner{
	"prism": prismRunner{},
}

// Named returns the runner for the flag --runner.
func Named(name string) (Runner, error) {
	r, ok := byName[strings.ToLower(name)]
	if !ok {
		names := make([]string, 0, len(byName))
		for n := range byName {
			names = append(names, n)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("no runner %q; choose one of: %s", name, strings.Join(names, ", "))
	}
	return r, nil
}
