package transforms

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/subreddits"
)

// BenchmarkScan runs Expand and Filter, without Beam, over the tree that
// THREADLOOM_SCAN_TREE names. bench/scan.py makes such a tree.
func BenchmarkScan(b *testing.B) {
	root := os.Getenv("THREADLOOM_SCAN_TREE")
	if root == "" {
		b.Skip("THREADLOOM_SCAN_TREE is not set")
	}
	tree := layout.New(root, "scan")
	for b.Loop() {
		missing, done := 0, 0
		names, err := subreddits.Read(filepath.Join(root, "subreddits_list.json"))
		if err != nil {
			b.Fatal(err)
		}
		filter := &filterFn{Layout: tree}
		if err := filter.Setup(); err != nil {
			b.Fatal(err)
		}
		expand := &expandFn{Layout: tree}
		countMissing, countDone := func(layout.File) { missing++ }, func(layout.File) { done++ }
		toFilter := func(f layout.Folder) { err = filter.ProcessElement(b.Context(), f, countMissing, countDone) }
		for _, name := range names {
			if e := expand.ProcessElement(b.Context(), name, toFilter); e != nil || err != nil {
				b.Fatal(e, err)
			}
		}
		if e := expand.FinishBundle(b.Context(), toFilter); e != nil || err != nil {
			b.Fatal(e, err)
		}
		if err := filter.FinishBundle(b.Context(), countMissing, countDone); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(missing), "missing")
		b.ReportMetric(float64(done), "done")
	}
}
