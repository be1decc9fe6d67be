package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
)

const metricsNamespace = "threadloom"

// Count adds n to what this process has counted and to Beam's metric of the same name.
func (p *Process) Count(ctx context.Context, name string, n int64) {
	p.Counts.Add(name, n)
	addMetric(ctx, name, n)
}

// addMetric adds n to Beam's metric only. This process counted n itself, before the bundle
// could report it.
func addMetric(ctx context.Context, name string, n int64) {
	beam.NewCounter(metricsNamespace, name).Inc(ctx, n)
}

// Committed returns the committed counts of a finished job, by counter name.
func Committed(results metrics.Results) map[string]int64 {
	counts := map[string]int64{}
	query := results.Query(func(r metrics.SingleResult) bool { return r.Namespace() == metricsNamespace })
	for _, c := range query.Counters() {
		counts[c.Name()] += c.Result()
	}
	return counts
}
