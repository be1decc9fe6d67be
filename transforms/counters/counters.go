// Package counters counts what the steps do, for the summary, for progress and for metrics.
package counters

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	"github.com/threadloom/threadloom/models"
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

// New makes a counter, once per name, as a package variable beside its DoFn.
func New(name string) *Counter {
	c := &Counter{name: name, beam: beam.NewCounter(metricsNamespace, name)}
	counters = append(counters, c)
	return c
}

const metricsNamespace = "threadloom"

// Inc adds n to both.
func (c *Counter) Inc(ctx context.Context, n int64) {
	c.AddLocal(n)
	c.AddMetric(ctx, n)
}

// AddLocal adds n in this process only, before the bundle can report it.
func (c *Counter) AddLocal(n int64) { c.local.Add(n) }

// AddMetric adds n to Beam's metric only, when the bundle reports what AddLocal added before.
func (c *Counter) AddMetric(ctx context.Context, n int64) { c.beam.Inc(ctx, n) }

// LocalCounter counts in this process only: for progress, which cannot wait until Beam's
// metrics come.
type LocalCounter struct {
	name string
	atomic.Int64
}

var localCounters []*LocalCounter

// NewLocal makes a counter, once per name, as a package variable.
func NewLocal(name string) *LocalCounter {
	c := &LocalCounter{name: name}
	localCounters = append(localCounters, c)
	return c
}

// Local returns what this process has counted so far, by counter name.
func Local() map[string]int64 {
	counts := make(map[string]int64, len(counters)+len(localCounters))
	for _, c := range counters {
		counts[c.name] = c.local.Load()
	}
	for _, c := range localCounters {
		counts[c.name] = c.Load()
	}
	return counts
}

// Committed returns the committed counts of a finished job, by counter name.
func Committed(results metrics.Results) map[string]int64 {
	counts := make(map[string]int64, len(counters))
	query := results.Query(func(r metrics.SingleResult) bool { return r.Namespace() == metricsNamespace })
	for _, c := range query.Counters() {
		counts[c.Name()] += c.Result()
	}
	return counts
}

// Process is one process that embedded files, perhaps on another machine.
type Process struct {
	Name      string `json:"process"` // host and process number
	Backend   string `json:"backend"`
	Precision string `json:"precision"`
	Files     int64  `json:"files"`
}

// processPrefix begins the names of counters of single processes: the rest says
// which, as Beam's metrics do not.
const processPrefix = "files_of "

// thisProcess is the name of this process in counters.
var thisProcess = sync.OnceValue(func() string {
	return fmt.Sprintf("%s:%d", Host(), os.Getpid())
})

// Host returns this machine's name without blanks, which separate a counter's fields.
func Host() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return strings.ReplaceAll(host, " ", "")
}

// IncProcess counts a file that this process embedded.
func IncProcess(ctx context.Context, b models.Backend) {
	name := processPrefix + strings.Join([]string{thisProcess(), b.Name, b.Precision}, " ")
	beam.NewCounter(metricsNamespace, name).Inc(ctx, 1)
}

// Processes returns from a job's counts which processes embedded how many files, in
// the order of their names.
func Processes(counts map[string]int64) []Process {
	var found []Process
	for name, n := range counts {
		rest, ok := strings.CutPrefix(name, processPrefix)
		parts := strings.Fields(rest)
		if ok && len(parts) == 3 {
			found = append(found, Process{Name: parts[0], Backend: parts[1], Precision: parts[2], Files: n})
		}
	}
	slices.SortFunc(found, func(a, b Process) int { return strings.Compare(a.Name, b.Name) })
	return found
}
