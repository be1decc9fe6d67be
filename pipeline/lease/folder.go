package lease

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	held = ".lease"
	free = ".free"
	// temporary begins the name of a file that is about to become a lease.
	temporary = ".lease-"
)

// entry is a lease in its folder.
type entry struct {
	path   string
	number int64
	held   bool // false: it was given back
}

// newest is the lease with the highest number; its number is 0 if there is none.
type newest struct {
	entry
	holder holder
	alive  bool
}

func path(folder string, number int64, kind string) string {
	return filepath.Join(folder, fmt.Sprintf("%08d%s", number, kind))
}

// list returns the leases in a folder, those that were given back included.
func list(folder string) ([]entry, error) {
	names, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("looking at the leases: %w", err)
	}
	var entries []entry
	for _, name := range names {
		kind := filepath.Ext(name.Name())
		number, err := strconv.ParseInt(strings.TrimSuffix(name.Name(), kind), 10, 64)
		if err == nil && (kind == held || kind == free) {
			entries = append(entries, entry{filepath.Join(folder, name.Name()), number, kind == held})
		}
	}
	return entries, nil
}

// look returns the newest lease and says whether its holder is alive.
func look(folder string) (n newest, err error) {
	entries, err := list(folder)
	if err != nil {
		return n, err
	}
	for _, e := range entries {
		// One number has both names while a process withdraws (see create).
		if e.number > n.number || e.number == n.number && e.held {
			n.entry = e
		}
	}
	if n.held {
		n.holder, n.alive = whoHolds(n.path)
	}
	return n, nil
}

// link writes this process as the holder to a temporary file and links it to path, so
// that nobody ever reads half of it. The error is fs.ErrExist if path exists.
func link(folder, path string) (err error) {
	b, err := json.Marshal(thisProcess())
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, temporary+"*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	_, err = f.Write(b)
	// Whoever may read the folder may see who is at work in it.
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	var stat unix.Stat_t
	if err != nil && unix.Stat(f.Name(), &stat) == nil && stat.Nlink == 2 {
		return nil // NFS sent the request again after the answer was lost
	}
	return err
}

// sweep removes the leases before a number, and the temporary files of processes that
// died while they took one. What it cannot remove does no harm.
func sweep(folder string, number int64, entries []entry) {
	for _, e := range entries {
		if e.number < number {
			_ = os.Remove(e.path)
		}
	}
	names, _ := os.ReadDir(folder)
	for _, name := range names {
		left := filepath.Join(folder, name.Name())
		if strings.HasPrefix(name.Name(), temporary) && age(left) > deadAfter {
			_ = os.Remove(left)
		}
	}
}

// age returns how long ago a file was changed, by the clock of the machine whose disk
// it is. It is 0 if nobody can tell.
func age(name string) time.Duration {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	f, err := os.CreateTemp(filepath.Dir(name), temporary+"*")
	if err != nil {
		return 0
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }() // an empty file
	now, err := f.Stat()
	if err != nil {
		return 0
	}
	return now.ModTime().Sub(info.ModTime())
}
