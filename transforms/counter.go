package transforms

import (
	"context"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
)

// Counter counts twice: in Beam's metrics, which add up over all machines but
// come only when a job has ended well, and in this process, for progress and for
// the summary of a run that was interrupted.
type Counter struct {
	name  string
	beam  beam.Counter
	local atomic.Int64
}

var counters []*Counter

// NewCounter makes a counter, once per name, as a package variable beside its DoFn.
func NewCounter(name string) *Counter {
	c := &Counter{name: name, beam: beam.NewCounter(metricsNamespace, name)}
	counters = append(counters, c)
	return c
}

const metricsNamespace = "threadloom"

// Inc adds n.
func (c *Counter) Inc(ctx context.Context, n int64) {
	c.local.Add(n)
	c.beam.Inc(ctx, n)
}

// LocalCounts returns what this process has counted so far, by counter name.
func LocalCounts() map[string]int64 {
	counts := make(map[string]int64, len(counters))
	for _, c := range counters {
		counts[c.name] = c.local.Load()
	}
	return counts
}

// Counts returns the committed counts of a finished job, by counter name.
func Counts(results metrics.Results) map[string]int64 {
	counts := make(map[string]int64, len(counters))
	query := results.Query(func(r metrics.SingleResult) bool { return r.Namespace() == metricsNamespace })
	for _, c := range query.Counters() {
		counts[c.Name()] += c.Result()
	}
	return counts
}
