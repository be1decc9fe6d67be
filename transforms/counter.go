package transforms

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

// localCounter counts in this process only: for progress, which cannot wait until Beam's
// metrics come.
type localCounter struct {
	name string
	atomic.Int64
}

var localCounters []*localCounter

// newLocalCounter makes a counter, once per name, as a package variable.
func newLocalCounter(name string) *localCounter {
	c := &localCounter{name: name}
	localCounters = append(localCounters, c)
	return c
}

// LocalCounts returns what this process has counted so far, by counter name.
func LocalCounts() map[string]int64 {
	counts := make(map[string]int64, len(counters)+len(localCounters))
	for _, c := range counters {
		counts[c.name] = c.local.Load()
	}
	for _, c := range localCounters {
		counts[c.name] = c.Load()
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
	return fmt.Sprintf("%s:%d", hostName(), os.Getpid())
})

func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return strings.ReplaceAll(host, " ", "")
}

// countForProcess counts a file that this process embedded.
func countForProcess(ctx context.Context, b models.Backend) {
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
