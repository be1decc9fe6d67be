package rooted

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree is a root with a folder and a file, and a folder with a secret beside it.
type tree struct{ root, outside string }

func newTree(t *testing.T) tree {
	t.Helper()
	folder := t.TempDir()
	w := tree{filepath.Join(folder, "root"), filepath.Join(folder, "outside")}
	for _, path := range []string{filepath.Join(w.root, "all", "a"), filepath.Join(w.outside, "a")} {
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(filepath.Base(filepath.Dir(path))), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w tree) at(name string) Path { return Path{w.root, filepath.Join(w.root, name)} }

func (w tree) link(t *testing.T, target, name string) {
	t.Helper()
	if err := os.Symlink(target, filepath.Join(w.root, name)); err != nil {
		t.Fatal(err)
	}
}

func TestLinksAreFollowedInsideAndNotOut(t *testing.T) {
	w := newTree(t)
	for name, target := range map[string]string{
		"relative": "all", "absolute": filepath.Join(w.root, "all"), "twice": "absolute", "dangling": "none",
		"out": w.outside, "out and relative": "../outside", "out by two": "out", "out to nothing": "/none", "loop": "loop",
	} {
		w.link(t, target, name)
	}
	if err := os.Symlink(filepath.Join(w.outside, "a"), filepath.Join(w.root, "all", "out")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		want error // nil: it is read
	}{
		{"all/a", nil},
		{"relative/a", nil},
		{"absolute/a", nil},
		{"twice/a", nil},
		{"all/b", fs.ErrNotExist},
		{"dangling/a", fs.ErrNotExist},
		{"out/a", ErrLeadsOut},
		{"out and relative/a", ErrLeadsOut},
		{"out by two/a", ErrLeadsOut},
		{"out to nothing/a", ErrLeadsOut},
		{"all/out", ErrLeadsOut},
		{"../outside/a", ErrLeadsOut},
	} {
		f, err := w.at(c.name).Open()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
		if err != nil && strings.ContainsRune(err.Error(), '\n') {
			t.Errorf("%s: %q is more than a line", c.name, err)
		}
		if err == nil {
			_ = f.Close()
		}
		if _, err := w.at(c.name).Stat(); !errors.Is(err, c.want) {
			t.Errorf("looking at %s: error %v, want %v", c.name, err, c.want)
		}
		if _, err := w.at(c.name).Dir().MakeFolder(); errors.Is(c.want, ErrLeadsOut) && c.name != "all/out" && !errors.Is(err, ErrLeadsOut) {
			t.Errorf("the folder of %s: error %v", c.name, err)
		}
	}
	if _, err := w.at("loop").Open(); err == nil || !strings.Contains(err.Error(), "too many levels of symbolic links") {
		t.Errorf("a loop: error %v", err)
	}
}

func TestTheRootItselfMayBeALink(t *testing.T) {
	w := newTree(t)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(w.root, link); err != nil {
		t.Fatal(err)
	}
	w.link(t, filepath.Join(w.root, "all"), "real")
	w.link(t, filepath.Join(link, "all"), "by the link")
	for _, name := range []string{"all", "real", "by the link"} {
		f, err := Path{link, filepath.Join(link, name, "a")}.Open()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = f.Close()
	}
}

func TestAMissingRootIsMadeWithItsFolder(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new", "root")
	at := Path{root, filepath.Join(root, "all")}
	if _, err := at.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("error %v", err)
	}
	for range 2 {
		folder, err := at.MakeFolder()
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(folder.WriteFile("a", nil, 0o666), folder.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "all", "a")); err != nil {
		t.Error(err)
	}
}
