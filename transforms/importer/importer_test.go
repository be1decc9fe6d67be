package importer_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/importer"
	"github.com/threadloom/threadloom/transforms/post"
	"github.com/threadloom/threadloom/transforms/runs"
	"github.com/threadloom/threadloom/transforms/thread"
)

// newPlan returns a plan over dumps, with the defaults.
func newPlan(t testing.TB, chains string, paths ...string) *importer.Plan {
	t.Helper()
	p := &importer.Plan{
		Chains: chains, MaxThread: 1_000_000, MaxBad: 0.01, Memory: 1 << 30, Scans: 2,
		Options: thread.Options{Mode: thread.Leaf, MinTurns: 2, MaxTurns: 10},
	}
	p.Bots = slices.Sorted(maps.Keys(post.BundledBots()))
	for _, path := range paths {
		info, err := dump.Inspect(path)
		if err != nil {
			t.Fatal(err)
		}
		p.Dumps = append(p.Dumps, info)
	}
	return p
}

// run does a whole import except for publishing it.
func run(t testing.TB, p *importer.Plan) (importer.Report, error) {
	t.Helper()
	if err := p.Save(); err != nil {
		t.Fatal(err)
	}
	process := importer.NewProcess(p)
	for i := range p.Dumps {
		if _, err := process.Scan(context.Background(), i); err != nil {
			return importer.Report{}, err
		}
	}
	for bucket := range runs.Buckets {
		if _, err := process.Weave(context.Background(), bucket); err != nil {
			return importer.Report{}, err
		}
	}
	return p.Report()
}

// Go counts a whole window as soon as it is allocated. The memory limit must leave enough for the rest whatever the
// window is. Otherwise the garbage collector runs all the time: with two windows of 2 GiB it once took a third of it.
func TestLargeWindowsLeaveRoomForTheRest(t *testing.T) {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	for _, window := range []int64{8 << 20, 128 << 20, 1 << 31} {
		p := newPlan(t, t.TempDir())
		p.Dumps = []dump.Info{{Format: dump.Zstd, Window: window}, {Format: dump.Zstd, Window: window}}
		importer.NewProcess(p)
		if room := debug.SetMemoryLimit(-1) - int64(p.Scans)*p.Dumps[0].Memory(); room < p.Memory {
			t.Errorf("windows of %d bytes leave %d of %d bytes", window, room, p.Memory)
		}
	}
}

// invented writes a dump of comments that reply to each other, in threads of twenty.
func invented(t testing.TB, comments int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "RC_2024-01.ndjson")
	var b strings.Builder
	for i := range comments {
		parent := fmt.Sprintf("t1_c%d", i-1-i%3)
		if i%20 < 3 {
			parent = fmt.Sprintf("t3_%d", i/20)
		}
		fmt.Fprintf(&b, `{"id":"c%d","link_id":"t3_%d","parent_id":"%s","subreddit":"Sub%d","created_utc":%d,"score":%d,"body":"words of comment %d"}`+"\n",
			i, i/20, parent, i/20%7, 1704067200+i, i%100, i)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// files returns the chains files of a folder.
func files(t testing.TB, chains string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chains, "[^.]*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	content := map[string]string{}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, _ := filepath.Rel(chains, path)
		content[name] = string(b)
	}
	return content
}

// An import that was stopped continues with the runs that it has, and gives the same bytes.
func TestStoppedImportGoesOn(t *testing.T) {
	path := invented(t, 20_000)
	plan := func() *importer.Plan {
		p := newPlan(t, filepath.Join(t.TempDir(), "chains"), path)
		p.Memory = 1 << 20 // so that there are several runs
		return p
	}
	whole := plan()
	report, err := run(t, whole)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := whole.Publish(report, false); err != nil {
		t.Fatal(err)
	}
	want := files(t, whole.Chains)
	if len(want) != 7 {
		t.Fatalf("%d files", len(want))
	}

	stopped := plan()
	if err := stopped.Save(); err != nil {
		t.Fatal(err)
	}
	process := importer.NewProcess(stopped)
	go func() {
		for process.Read() == 0 {
			runtime.Gosched()
		}
		for { // until there is a run
			if runs, _ := filepath.Glob(filepath.Join(stopped.Work(), "dumps", "*", "run-*")); len(runs) > 0 {
				process.Stop()
				return
			}
			runtime.Gosched()
		}
	}()
	switch _, err := process.Scan(context.Background(), 0); {
	case err == nil:
		t.Log("it was read before it could be stopped")
	case !errors.Is(err, importer.ErrStopped):
		t.Fatal(err)
	}
	if report, err = run(t, stopped); err != nil {
		t.Fatal(err)
	}
	if _, _, err := stopped.Publish(report, false); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(files(t, stopped.Chains), want) {
		t.Error("an import that was stopped gives other bytes")
	}
	if _, done, err := stopped.Done(); err != nil || !done {
		t.Errorf("done %v, %v", done, err)
	}
}

func TestRealDumps(t *testing.T) {
	folder := os.Getenv("THREADLOOM_DUMPS")
	if folder == "" {
		folder = "../../../shared/dumps"
	}
	paths, _ := filepath.Glob(filepath.Join(folder, "R*.zst"))
	if len(paths) == 0 {
		t.Skip("there are no real dumps (THREADLOOM_DUMPS names their folder)")
	}
	p := newPlan(t, filepath.Join(t.TempDir(), "chains"), paths...)
	report, err := run(t, p)
	if err != nil {
		t.Fatal(err)
	}
	if report.Lines != 1075+3666+9095+145+427 {
		t.Errorf("%d lines", report.Lines)
	}
	if _, _, err := p.Publish(report, false); err != nil {
		t.Fatal(err)
	}
}

// A scan that is stopped ends, no matter what its goroutines wait for.
func TestStoppedScanEnds(t *testing.T) {
	path := invented(t, 20_000)
	for i := range 40 {
		p := newPlan(t, filepath.Join(t.TempDir(), "chains"), path)
		p.Memory = 1 << 20 // so that there are many runs
		if err := p.Save(); err != nil {
			t.Fatal(err)
		}
		process := importer.NewProcess(p)
		ended := make(chan error, 1)
		go func() {
			_, err := process.Scan(context.Background(), 0)
			ended <- err
		}()
		time.Sleep(time.Duration(i) * time.Millisecond)
		process.Stop()
		select {
		case err := <-ended:
			if err != nil && !errors.Is(err, importer.ErrStopped) {
				t.Fatal(err)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("it goes on 20 s after it was stopped, %d ms after its start", i)
		}
	}
}
