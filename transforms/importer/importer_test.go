package importer_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

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
	for bot := range post.BundledBots() {
		p.Bots = append(p.Bots, bot)
	}
	for _, path := range paths {
		info, err := dump.Inspect(path)
		if err != nil {
			t.Fatal(err)
		}
		p.Dumps = append(p.Dumps, info)
	}
	return p
}

// run does all of an import but for publishing it.
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
	t.Logf("%+v", report)
	if _, _, err := p.Publish(report, false); err != nil {
		t.Fatal(err)
	}
}
