package transforms

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/passert"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/threadloom/threadloom/transforms/rooted"
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

func TestChainsNamesPassesOverWhatIsNoChainsFile(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b.parquet", "a.parquet", "a b, ü.parquet", ".hidden.parquet", "._a.parquet", ".nfs0001", "c.parquet.tmp", ".parquet", "notes.txt", "d.PARQUET"} {
		touch(t, filepath.Join(folder, name))
	}
	if err := os.Mkdir(filepath.Join(folder, "folder.parquet"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "a.parquet"), filepath.Join(folder, "link.parquet")); err != nil {
		t.Fatal(err)
	}
	names, err := chainsNames(rooted.Path{Root: folder, Path: folder})
	slices.Sort(names)
	if want := []string{"a b, ü.parquet", "a.parquet", "b.parquet"}; err != nil || !slices.Equal(names, want) {
		t.Fatalf("got %q, error %v, want %q", names, err, want)
	}
	if names, err := chainsNames(rooted.Path{Root: folder, Path: filepath.Join(folder, "missing")}); err != nil || len(names) > 0 {
		t.Fatalf("a folder that is not there: %q, error %v", names, err)
	}
}

func TestStandingCountsInputsAndOutputs(t *testing.T) {
	layout := NewLayout(t.TempDir(), "test")
	done, missing, other := layout.file("baking", "done.parquet"), layout.file("baking", "new.parquet"), layout.file("tea", "one.parquet")
	touch(t, done.Input, done.Output, missing.Input, other.Input)
	touch(t, filepath.Join(filepath.Dir(done.Output), "._new.parquet.1"), layout.file("not listed", "a.parquet").Input)
	inputs, outputs, err := Standing(layout, []string{"baking", "tea", "empty"})
	if err != nil || inputs != 3 || outputs != 1 {
		t.Errorf("%d inputs, %d outputs, error %v, want 3 and 1", inputs, outputs, err)
	}
}

func TestFilterTellsTheDoneFilesFromTheMissing(t *testing.T) {
	layout := NewLayout(t.TempDir(), "test")
	done, missing, other := layout.file("baking", "done.parquet"), layout.file("baking", "new.parquet"), layout.file("tea", "one.parquet")
	touch(t, done.Input, done.Output, missing.Input, other.Input)
	// An output without an input is no file of ours to report.
	touch(t, layout.file("baking", "orphan.parquet").Output)
	p, s := beam.NewPipelineWithRoot()
	folders := Expand(s, layout, beam.Create(s, "baking", "tea", "empty"))
	missingFiles, doneFiles := Filter(s, layout, CheckOptions{}, folders)
	passert.Equals(s, missingFiles, missing, other)
	passert.Equals(s, doneFiles, done)
	ptest.RunAndValidate(t, p)
}

func TestPartitionKeepsEveryFileHere(t *testing.T) {
	layout := NewLayout("/data", "test")
	file := layout.file("baking", "a.parquet")
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
