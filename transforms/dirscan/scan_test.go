package dirscan

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms/rooted"
)

func scan(t *testing.T, folder string) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := Scan(rooted.Path{Root: folder, Path: folder}, func(name []byte, regular bool) {
		if _, ok := found[string(name)]; ok {
			t.Errorf("%q came twice", name)
		}
		found[string(name)] = regular
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestScanTellsFilesFromTheRest(t *testing.T) {
	folder := t.TempDir()
	want := map[string]bool{
		"a.parquet": true, ".hidden": true, "two words, ü\nand a line": true, strings.Repeat("x", 255): true,
		"folder": false, "link": false,
	}
	for name, regular := range want {
		if regular {
			if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "folder"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.parquet", filepath.Join(folder, "link")); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, folder); !maps.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
}

func TestScanOfManyFilesMissesNone(t *testing.T) {
	folder := t.TempDir()
	const files = 20_000 // several buffers
	for i := range files {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("part-%05d.parquet", i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := scan(t, folder); len(got) != files {
		t.Fatalf("found %d of %d files", len(got), files)
	}
}

func TestScanOfNoFolder(t *testing.T) {
	root := t.TempDir()
	err := Scan(rooted.Path{Root: root, Path: filepath.Join(root, "missing")}, func([]byte, bool) {})
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("error %v", err)
	}
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Scan(rooted.Path{Root: root, Path: file}, func([]byte, bool) {}); err == nil {
		t.Fatal("a file was scanned")
	}
}

func TestNames(t *testing.T) {
	var n Names
	if n.Strings() != nil {
		t.Fatal("no names are not nil")
	}
	for _, name := range []string{"b", "", "a b"} {
		n.Add([]byte(name))
	}
	if got := n.Strings(); len(got) != 3 || got[0] != "b" || got[1] != "" || got[2] != "a b" {
		t.Fatalf("got %q", got)
	}
}
