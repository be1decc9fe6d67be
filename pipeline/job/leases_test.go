package job

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/lease"
)

func TestRunsShareWhatTheyWrite(t *testing.T) {
	root := t.TempDir()
	a := config.Run{Files: config.Files{Root: filepath.Join(root, "a"), Suffix: "s", Names: []string{"x"}}, Clustering: config.Clustering{On: true}}
	for name, c := range map[string]struct {
		change func(*config.Run)
		held   bool
	}{
		"another list":     {func(c *config.Run) { c.Files.Names = []string{"y"} }, true},
		"without clusters": {func(c *config.Run) { c.Clustering.On = false }, true},
		"another suffix":   {func(c *config.Run) { c.Files.Suffix = "t" }, false},
		"another root":     {func(c *config.Run) { c.Files.Root = filepath.Join(root, "b") }, false},
		"another root, the same embeddings": {func(c *config.Run) {
			c.Files.Root, c.Files.EmbeddingsDir = filepath.Join(root, "b"), filepath.Join(root, "a", "embeddings")
		}, true},
		"another root, the same clusters": {func(c *config.Run) {
			c.Files.Root, c.Files.ClustersDir = filepath.Join(root, "b"), filepath.Join(root, "a", "clusters")
		}, true},
		"the same root, neither of the same": {func(c *config.Run) {
			c.Files.EmbeddingsDir, c.Files.ClustersDir = filepath.Join(root, "e"), filepath.Join(root, "c")
		}, false},
	} {
		first, err := takeLeases(a.LeasedFolders()...)
		if err != nil {
			t.Fatal(err)
		}
		other := a
		c.change(&other)
		second, err := takeLeases(other.LeasedFolders()...)
		if errors.Is(err, lease.ErrHeld) != c.held || (err != nil) != c.held {
			t.Errorf("%s: %v, want held %v", name, err, c.held)
		}
		second.release()
		first.release()
	}
}

func TestWhoIsRefusedOneLeaseKeepsNone(t *testing.T) {
	root := t.TempDir()
	free, taken := filepath.Join(root, "free"), filepath.Join(root, "taken")
	other, err := takeLeases(taken)
	if err != nil {
		t.Fatal(err)
	}
	defer other.release()
	if _, err := takeLeases(free, taken); !errors.Is(err, lease.ErrHeld) {
		t.Fatal(err)
	}
	again, err := takeLeases(free)
	if err != nil {
		t.Fatal(err)
	}
	again.release()
}

func TestOneFolderUnderTwoNamesHasOneLease(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "folder")
	link := folder + "-link"
	if err := errors.Join(os.Mkdir(folder, 0o777), os.Symlink(folder, link)); err != nil {
		t.Fatal(err)
	}
	l, err := takeLeases(folder, link)
	if err != nil {
		t.Fatal(err)
	}
	defer l.release()
	if got := l.of(link).Path(); len(l) != 1 || got != l[0].Path() {
		t.Errorf("%d leases; that of the link is %q", len(l), got)
	}
}

func TestARunThatLostALeaseIsTold(t *testing.T) {
	root := t.TempDir()
	l, err := takeLeases(filepath.Join(root, "a"), filepath.Join(root, "b"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.held(); err != nil {
		t.Fatal(err)
	}
	later := filepath.Join(root, "b", lease.Name, "00000002.lease")
	if err := os.WriteFile(later, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := l.held(); !errors.Is(err, lease.ErrHeld) {
		t.Errorf("got %v", err)
	}
	l.release()
	if slices.ContainsFunc([]string{"a", "b"}, func(name string) bool {
		_, err := os.Stat(filepath.Join(root, name, lease.Name, "00000001.lease"))
		return err == nil
	}) {
		t.Error("a lease was not given back")
	}
}
