package job

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/dustin/go-humanize"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/watch"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/importer"
	"github.com/threadloom/threadloom/transforms/subreddits"
	"golang.org/x/sys/unix"
)

// Imported is what an import did.
type Imported struct {
	importer.Report
	Folder   string  `json:"folder"`
	List     string  `json:"list,omitempty"` // that was written
	Seconds  float64 `json:"seconds"`
	Replaced int     `json:"replaced"` // folders of earlier imports
	Before   bool    `json:"before"`   // an earlier import has done all of it
}

// Import makes chains of dumps. A signal ends it with its number plus 128.
func Import(c *config.Import, plan *importer.Plan, console *watch.Console) (Imported, int, error) {
	beam.Init()
	log := startLogging(console)
	start := time.Now()
	done := Imported{Folder: plan.Chains}
	if err := checkRoom(plan, log); err != nil {
		return done, 0, err
	}
	held, err := takeLeases(plan.Work())
	if err != nil {
		return done, 0, err
	}
	defer held.release()
	if done.Report, done.Before, err = plan.Done(); err != nil {
		return done, 0, err
	}
	if done.Before {
		return done, ExitDone, plan.Clean() // the process that did it may have ended before that
	}
	if !c.Replace {
		if err := plan.CheckPlaces(); err != nil {
			return done, 0, err
		}
	}
	if err := plan.Save(); err != nil {
		return done, 0, err
	}
	sig, err := runImport(c, plan, held, console)
	if sig != 0 {
		fmt.Fprintln(os.Stderr, "interrupted: finished parts are kept; run again to go on")
		return done, 128 + int(sig), nil
	}
	if err == nil {
		err = held.held()
	}
	if err == nil {
		done.Report, err = plan.Report()
	}
	if err == nil {
		err = done.publish(c, plan)
	}
	done.Seconds = time.Since(start).Seconds()
	return done, ExitDone, err
}

// runImport runs the pipeline of an import, watched. It returns the signal that ended it, 0 if none did.
func runImport(c *config.Import, plan *importer.Plan, held leases, console *watch.Console) (syscall.Signal, error) {
	runner, err := c.Flink.Named()
	if err != nil {
		return 0, err
	}
	process, err := transforms.ThisProcess().Import(plan.Chains)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stop := watchSignals(console, func() string {
		process.Stop()
		if !runner.InProcess() {
			cancel()
		}
		return "stopping"
	})
	held.whenLost(ctx, func() { process.Stop(); cancel() })
	look := func() watch.ImportState { return stateOf(process) }
	if !runner.InProcess() {
		look = func() watch.ImportState { return stateOnDisk(plan) }
	}
	shows := watch.Import{Console: console, Look: look}
	endProgress := shows.Start(ctx, c.Watching.Progress)
	p, s := beam.NewPipelineWithRoot()
	dumps := make([]int, len(plan.Dumps))
	for i := range dumps {
		dumps[i] = i
	}
	chains := transforms.Weave(s, plan.Chains, transforms.ScanDumps(s, plan.Chains, beam.CreateList(s, dumps)))
	beam.GroupByKey(s, beam.AddFixedKey(s, chains)) // see build
	_, err = runner.Run(ctx, p)
	endProgress()
	return stop.received(), err
}

func stateOf(p *importer.Process) watch.ImportState {
	s := watch.ImportState{Bytes: p.Plan.Bytes(), Read: p.Read()}
	if s.Posts, s.Chains = p.Woven(); s.Read >= s.Bytes {
		s.Kept = p.Kept()
	}
	return s
}

// stateOnDisk is for a runner whose workers are elsewhere: dumps and buckets count when they are done.
func stateOnDisk(plan *importer.Plan) watch.ImportState {
	s := watch.ImportState{Bytes: plan.Bytes()}
	s.Read, s.Kept, s.Posts, s.Chains = plan.DoneOnDisk()
	if s.Read < s.Bytes {
		s.Kept = 0
	}
	return s
}

// checkRoom says how much memory and disk the import takes, and refuses what this machine does not have.
func checkRoom(plan *importer.Plan, log *slog.Logger) error {
	free := freeMemory()
	for plan.Scans > 1 && plan.MostMemory() > free {
		plan.Scans-- // fewer dumps at the same time need fewer windows
	}
	if most := plan.MostMemory(); most > free {
		return config.Usagef("the import takes up to %s of memory, %s of it for the window of a dump, but this machine has %s: make --memory smaller, or decompress the dump with 'zstd -d --long=31' first",
			ibytes(most), ibytes(most-plan.Memory), ibytes(free))
	}
	need := plan.DiskNeeded()
	room, err := freeDisk(plan.Chains)
	if err != nil {
		return config.Usagef("making the chains folder: %w", err)
	}
	log.Info("importing", "dumps", len(plan.Dumps), "bytes", ibytes(plan.Bytes()), "memory_at_most", ibytes(plan.MostMemory()), "disk_about", ibytes(need), "disk_free", ibytes(room))
	if need > room && len(plan.Subreddits) == 0 {
		return config.Usagef("the import takes about %s of disk, but %s has %s: import fewer subreddits (--subreddits), or fewer dumps at a time", ibytes(need), plan.Chains, ibytes(room))
	}
	return nil
}

func ibytes(n int64) string { return humanize.IBytes(uint64(max(n, 0))) }

// freeDisk returns how many bytes can be written below a folder, which need not exist.
func freeDisk(folder string) (int64, error) {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return 0, err
	}
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * int64(s.Bsize), nil //nolint:unconvert // it has other types on other systems
}

// publish moves the chains to their places, and writes the list of subreddits if there is none.
func (d *Imported) publish(c *config.Import, plan *importer.Plan) error {
	names, replaced, err := plan.Publish(d.Report, c.Replace)
	if err != nil {
		return err
	}
	d.Replaced = replaced
	if c.ListPath == "" || len(plan.Subreddits) > 0 {
		return nil
	}
	if err := subreddits.Write(c.ListPath, names); err != nil {
		return err
	}
	d.List = c.ListPath
	return nil
}

// Text describes the result of an import, for readers.
func (d Imported) Text() string {
	var b strings.Builder
	comma := humanize.Comma
	if d.Before {
		fmt.Fprintf(&b, "already done: %s has the chains of these dumps\n", d.Folder)
	}
	fmt.Fprintf(&b, "chains    %s in %s files of %s subreddits, from %s threads\n", comma(d.Chains), comma(d.Files), comma(d.Subreddits), comma(d.Threads))
	fmt.Fprintf(&b, "lines     %s of %d dumps\n", comma(d.Lines), len(d.Dumps))
	for _, count := range d.counts() {
		if count.n > 0 {
			fmt.Fprintf(&b, "%15s  %s\n", comma(count.n), count.what)
		}
	}
	for _, dump := range d.Dumps {
		for _, bad := range dump.Bad {
			fmt.Fprintf(&b, "%s: byte %d: %s\n", dump.Name, bad.Offset, bad.Reason)
		}
		if dump.BrokeOff != "" {
			fmt.Fprintf(&b, "%s\n", dump.BrokeOff)
		}
	}
	if d.Replaced > 0 {
		fmt.Fprintf(&b, "replaced  %d folders of an earlier import; 'run --check=fingerprint' embeds again what has changed in them\n", d.Replaced)
	}
	if d.List != "" {
		fmt.Fprintf(&b, "list      %s\n", d.List)
	}
	fmt.Fprintf(&b, "folder    %s\n", d.Folder)
	return b.String()
}

type count struct {
	n    int64
	what string
}

func (d Imported) counts() []count {
	n := d.Counts
	counts := []count{
		{n.InChain, "comments in chains"},
		{n.Alone, "comments whose chain would have too few turns"},
		{n.Cut, "comments above the last turns of their chains"},
		{n.Submission, "submissions"},
		{n.Deleted, "deleted comments"},
		{n.Bot, "comments of bots"},
		{n.Duplicate, "duplicates"},
		{n.LongThread, "lines of threads that are too long"},
		{n.OtherSubreddit, "lines of other subreddits"},
		{n.Blank, "blank lines"},
		{n.NotJSON, "lines that are not JSON"},
		{n.NotObject, "lines that are not a JSON object"},
	}
	for _, field := range slices.Sorted(maps.Keys(n.Odd)) {
		counts = append(counts, count{n.Odd[field], fmt.Sprintf("lines with an odd %q", field)})
	}
	return counts
}
