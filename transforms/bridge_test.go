package transforms

import (
	"fmt"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/remote"
)

// groupsBefore returns the number of groups into which files are divided before a DoFn waits for them.
func groupsBefore(t *testing.T, o remote.Options) int {
	t.Helper()
	p, s := beam.NewPipelineWithRoot()
	Bridge(s, o, beam.Create(s, layout.File{}))
	edges, _, err := p.Build()
	if err != nil {
		t.Fatal(err)
	}
	grouped, groups := false, 0
	for _, e := range edges {
		if e.Op == graph.CoGBK {
			grouped = true
		}
		if e.Op == graph.ParDo {
			if f, ok := e.DoFn.Recv.(*groupFn); ok {
				groups = f.Groups
			}
		}
	}
	if !grouped {
		t.Error("no GroupByKey before the files are waited for")
	}
	return groups
}

func TestSeveralMachinesShareTheFilesThatAreTakenBack(t *testing.T) {
	if got := groupsBefore(t, remote.Options{Spread: true}); got != spreadGroups {
		t.Errorf("on several machines: %d groups, want %d", got, spreadGroups)
	}
	if got := groupsBefore(t, remote.Options{}); got != 1 {
		t.Errorf("in one process: %d groups, want 1: it may take any file back", got)
	}
	counts := make([]int, 4) // machines that take groups in turn
	for i := range 10_000 {
		group, _ := (&groupFn{spreadGroups}).ProcessElement(layout.File{Input: fmt.Sprintf("/data/chains/c/sub/part-%05d.parquet", i)})
		counts[group%len(counts)]++
	}
	if least, most := slices.Min(counts), slices.Max(counts); least < 2300 || most > 2700 {
		t.Errorf("of 10000 files four machines have %v", counts)
	}
}

func TestBreakFusionLosesNoFile(t *testing.T) {
	var files []any
	for i := range 1000 {
		files = append(files, layout.File{Input: fmt.Sprintf("/in/%d.parquet", i)})
	}
	p, s := beam.NewPipelineWithRoot()
	in := beam.Create(s, files...)
	passert.Equals(s, BreakFusion(s, spreadGroups, in), in)
	if err := ptest.Run(p); err != nil {
		t.Fatal(err)
	}
}
