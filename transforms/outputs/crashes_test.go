package outputs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/layout"
)

func TestAFileIsIsolatedTheSecondTimeOnly(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	outputs := tree.Outputs("baking")
	if err := os.MkdirAll(outputs.Path, 0o777); err != nil {
		t.Fatal(err)
	}
	mark := chainfile.NameHash("a.parquet")
	for run, want := range []struct {
		marks    []string
		missing  []string
		crashes  int
		isolated bool
		notes    int
	}{
		{[]string{mark}, []string{"a.parquet", "b.parquet"}, 1, false, 1},
		{nil, []string{"a.parquet", "b.parquet"}, 1, false, 1}, // killed before it was opened
		{[]string{mark}, []string{"a.parquet"}, 2, true, 1},
		{nil, []string{"a.parquet"}, 2, true, 1},
		{nil, nil, 0, false, 0}, // it is done
	} {
		s := Classification{Subreddit: "baking", Missing: want.missing, outputs: outputs, crashNotes: notesIn(t, outputs.Path)}
		s.countCrashes(want.marks)
		file := layout.File{Crashes: s.Crashes["a.parquet"]}
		if file.Crashes != want.crashes || file.Isolated() != want.isolated || s.Crashes["b.parquet"] != 0 {
			t.Errorf("run %d: crashes %v, want %d of a.parquet", run, s.Crashes, want.crashes)
		}
		if notes := notesIn(t, outputs.Path); len(notes) != want.notes {
			t.Errorf("run %d: notes %q", run, notes)
		}
	}
}

func notesIn(t *testing.T, folder string) (notes []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, ".*.crashes-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		notes = append(notes, filepath.Base(path))
	}
	return notes
}
