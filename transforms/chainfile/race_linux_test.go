package chainfile

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/rooted"
	"golang.org/x/sys/unix"
)

// enough is how often each side must have won a race.
const enough = 50

// swapping swaps a and b again and again, until the function that it returns is called. That
// function returns how often they were swapped.
func swapping(t *testing.T, a, b string) (stop func() (times int)) {
	t.Helper()
	swap := func() error { return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE) }
	if err := swap(); errors.Is(err, unix.EINVAL) {
		t.Skip("this file system cannot swap two names")
	}
	end, times := make(chan struct{}), 0
	var ended sync.WaitGroup
	ended.Go(func() {
		for {
			select {
			case <-end:
				return
			default:
				if err := swap(); err != nil {
					t.Error(err)
					return
				}
				times++
			}
		}
	})
	return func() int {
		close(end)
		ended.Wait()
		return times
	}
}

// linked makes root/all, a folder, and root/other, a link that leads out to another folder.
func linked(t *testing.T) (root, outside string) {
	t.Helper()
	root, outside = t.TempDir(), t.TempDir()
	err := errors.Join(
		os.Mkdir(filepath.Join(root, "all"), 0o777),
		os.Symlink(outside, filepath.Join(root, "other")),
	)
	if err != nil {
		t.Fatal(err)
	}
	return root, outside
}

func TestNoOutputLeavesTheRootWhileAFolderAndALinkAreSwapped(t *testing.T) {
	root, outside := linked(t)
	input := filepath.Join(t.TempDir(), "in.parquet")
	writeChains(t, input, someChains(3, "a"), 10)
	old := filepath.Join(outside, ".old.parquet.tmp") // what Sweep removes, elsewhere
	if err := errors.Join(os.WriteFile(old, nil, 0o666), os.Chtimes(old, time.Unix(1, 0), time.Unix(1, 0))); err != nil {
		t.Fatal(err)
	}
	all := filepath.Join(root, "all")
	stop := swapping(t, all, filepath.Join(root, "other"))
	written, refused := 0, 0
	for end := time.Now().Add(time.Minute); (written < enough || refused < enough) && time.Now().Before(end); {
		in, err := Open(at(input), "text", nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := Start(rooted.Path{Root: root, Path: filepath.Join(all, "a.parquet")})
		if err == nil {
			out.Begin(in, false)
			if err = out.Commit(Fingerprint{}); err != nil {
				t.Error(err)
			}
			written++
		} else {
			refused++
		}
		Sweep(rooted.Path{Root: root, Path: all}, []string{filepath.Base(old)})
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d written, %d refused, %d swaps", written, refused, stop())
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 || entries[0].Name() != filepath.Base(old) {
		t.Errorf("outside are %v, error %v, want what was there", entries, err)
	}
	if written < enough || refused < enough {
		t.Error("hardly anything raced")
	}
}

func TestNoInputFromOutsideIsReadWhileAFolderAndALinkAreSwapped(t *testing.T) {
	root, outside := linked(t)
	all := filepath.Join(root, "all")
	writeChains(t, filepath.Join(all, "a.parquet"), someChains(3, "inside"), 10)
	writeChains(t, filepath.Join(outside, "a.parquet"), someChains(4, "outside"), 10)
	stop := swapping(t, all, filepath.Join(root, "other"))
	read, refused := 0, 0
	for end := time.Now().Add(time.Minute); (read < enough || refused < enough) && time.Now().Before(end); {
		in, err := Open(rooted.Path{Root: root, Path: filepath.Join(all, "a.parquet")}, "text", nil)
		if err != nil {
			refused++
			continue
		}
		read++
		if in.Rows != 3 {
			t.Error("a file outside was read")
		}
		if err := in.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d read, %d refused, %d swaps", read, refused, stop())
	if read < enough || refused < enough {
		t.Error("hardly anything raced")
	}
}
