package transforms

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
)

// touch makes empty files with their folders.
func touch(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFilterTellsTheDoneFilesFromTheMissing(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	done, missing, other := tree.File("baking", "done.parquet"), tree.File("baking", "new.parquet"), tree.File("tea", "one.parquet")
	touch(t, done.Input, done.Output, missing.Input, other.Input)
	// An output without an input must not be reported.
	touch(t, tree.File("baking", "orphan.parquet").Output)
	p, s := beam.NewPipelineWithRoot()
	folders := Expand(s, tree, beam.Create(s, "baking", "tea", "empty"))
	missingFiles, doneFiles := Filter(s, tree, outputs.CheckOptions{}, folders)
	passert.Equals(s, missingFiles, missing, other)
	passert.Equals(s, doneFiles, done)
	ptest.RunAndValidate(t, p)
}

func TestPartitionKeepsEveryFileHere(t *testing.T) {
	tree := layout.New("/data", "test")
	file := tree.File("baking", "a.parquet")
	p, s := beam.NewPipelineWithRoot()
	local, mps := Partition(s, PartitionOptions{}, beam.Create(s, file))
	passert.Equals(s, local, file)
	passert.Empty(s, mps)
	ptest.RunAndValidate(t, p)
}

func TestListGivesTheNamesOfTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.json")
	if err := os.WriteFile(path, []byte(`["tea", "baking"]`), 0o666); err != nil {
		t.Fatal(err)
	}
	p, s := beam.NewPipelineWithRoot()
	passert.Equals(s, List(s, path), "baking", "tea")
	ptest.RunAndValidate(t, p)
}
