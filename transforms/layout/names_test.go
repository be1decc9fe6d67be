package layout

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/threadloom/threadloom/transforms/rooted"
)

func TestChainsNamesPassesOverWhatIsNoChainsFile(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"b.parquet", "a.parquet", "a b, ü.parquet", ".hidden.parquet", "._a.parquet", ".nfs0001", "c.parquet.tmp", ".parquet", "notes.txt", "d.PARQUET"} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "folder.parquet"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(folder, "a.parquet"), filepath.Join(folder, "link.parquet")); err != nil {
		t.Fatal(err)
	}
	names, err := Names(rooted.Path{Root: folder, Path: folder})
	slices.Sort(names)
	if want := []string{"a b, ü.parquet", "a.parquet", "b.parquet"}; err != nil || !slices.Equal(names, want) {
		t.Fatalf("got %q, error %v, want %q", names, err, want)
	}
	if names, err := Names(rooted.Path{Root: folder, Path: filepath.Join(folder, "missing")}); err != nil || len(names) > 0 {
		t.Fatalf("a folder that is not there: %q, error %v", names, err)
	}
}
