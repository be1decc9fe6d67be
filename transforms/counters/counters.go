// Package counters names what a run counts, and keeps what one process has counted so far.
// Beam's metrics have the same names. They add up over all machines, but come only when a job
// has ended well; progress and the summary of an interrupted run cannot wait for them.
package counters

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/threadloom/threadloom/models"
)

// The counters of the steps. They are also Beam's metrics.
const (
	Subreddits      = "subreddits"
	SubredditsEmpty = "subreddits_without_files"

	FilesMissing = "files_missing"
	FilesSkipped = "files_skipped"
	FilesStale   = "files_stale"
	FilesCorrupt = "files_corrupt"

	FilesDone         = "files_done"
	FilesByWorkers    = "files_by_workers"
	FilesDeadLettered = "files_dead_lettered"

	Rows          = "rows"
	RowsTruncated = "rows_truncated"
	RowsRepaired  = "rows_repaired"
	Tokens        = "tokens"
	TokensSeen    = "tokens_before_truncation"
	TokensReused  = "tokens_reused"

	Clusters       = "clusters"
	NoiseRows      = "noise_rows"
	ClusteredRows  = "clustered_rows"
	ClusteredFiles = "clustered_files"
	FilesLeftOut   = "files_left_out"
)

// The counters of one process that only the progress uses. These grow with each text that is
// embedded, while Rows and Tokens grow with each file that is finished. They never go back: if a
// file fails, its texts that were embedded still count.
const (
	RowsEmbedded   = "rows_embedded"
	RowsByWorkers  = "rows_by_workers" // those of the rows that came over the bridge
	TokensEmbedded = "tokens_embedded"
	TokensRun      = "tokens_run" // those of the tokens that the model ran in this process
)

var names = []string{
	Subreddits, SubredditsEmpty, FilesMissing, FilesSkipped, FilesStale, FilesCorrupt,
	FilesDone, FilesByWorkers, FilesDeadLettered,
	Rows, RowsTruncated, RowsRepaired, Tokens, TokensSeen, TokensReused,
	Clusters, NoiseRows, ClusteredRows, ClusteredFiles, FilesLeftOut,
	RowsEmbedded, RowsByWorkers, TokensEmbedded, TokensRun,
}

// Counts are what one process has counted so far.
type Counts struct{ byName map[string]*atomic.Int64 }

// New returns counts that are all 0.
func New() *Counts {
	c := &Counts{byName: make(map[string]*atomic.Int64, len(names))}
	for _, name := range names {
		c.byName[name] = new(atomic.Int64)
	}
	return c
}

// Add adds n to one of the names above.
func (c *Counts) Add(name string, n int64) { c.byName[name].Add(n) }

// All returns the counts by name.
func (c *Counts) All() map[string]int64 {
	counts := make(map[string]int64, len(c.byName))
	for name, n := range c.byName {
		counts[name] = n.Load()
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
	return fmt.Sprintf("%s:%d", host(), os.Getpid())
})

// host returns this machine's name without blanks, which separate a counter's fields.
func host() string {
	host, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return strings.ReplaceAll(host, " ", "")
}

// OnHost adds the name of this machine to an error, for runs on a cluster.
func OnHost(err error) error { return fmt.Errorf("on %s: %w", host(), err) }

// OfProcess names the counter of the files that this process embedded with a back end.
func OfProcess(b models.Backend) string {
	return processPrefix + strings.Join([]string{thisProcess(), b.Name, b.Precision}, " ")
}

// Processes returns from a job's counts which processes embedded how many files, in
// the order of their names.
func Processes(counts map[string]int64) []Process {
	var found []Process
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		rest, ok := strings.CutPrefix(name, processPrefix)
		parts := strings.Fields(rest)
		if ok && len(parts) == 3 {
			found = append(found, Process{Name: parts[0], Backend: parts[1], Precision: parts[2], Files: counts[name]})
		}
	}
	return found
}
