package outputs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/threadloom/threadloom/transforms/layout"
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

func TestStandingCountsInputsAndOutputs(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	done, missing, other := tree.File("baking", "done.parquet"), tree.File("baking", "new.parquet"), tree.File("tea", "one.parquet")
	touch(t, done.Input, done.Output, missing.Input, other.Input)
	touch(t, filepath.Join(filepath.Dir(done.Output), "._new.parquet.1"), tree.File("not listed", "a.parquet").Input)
	inputs, outputs, err := CountFiles(tree, []string{"baking", "tea", "empty"})
	if err != nil || inputs != 3 || outputs != 1 {
		t.Errorf("%d inputs, %d outputs, error %v, want 3 and 1", inputs, outputs, err)
	}
}
