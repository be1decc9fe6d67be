package chainfile

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// sweepAge is when an unfinished file of another machine counts as left behind.
const sweepAge = 24 * time.Hour

// tempSuffix ends the names of files that are being written. They start with a dot,
// too: no reader takes them for outputs.
const tempSuffix = ".parquet.tmp"

var tempCount atomic.Int64

// tempName returns a new name for the unfinished output that will have a name.
func tempName(output string) string {
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf(".%s-%d-%d.%s%s", host, os.Getpid(), tempCount.Add(1), Mark(output), tempSuffix)
}

// Mark is what the name of an unfinished output says of the name that it will have,
// which may be too long to be a part of it.
func Mark(output string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(output)) // never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

// IsUnfinished says whether a name in an output folder is that of a file that is
// being written, or was.
func IsUnfinished(name []byte) bool {
	return len(name) > 0 && name[0] == '.' && bytes.HasSuffix(name, []byte(tempSuffix))
}

// Sweep removes those of a folder's unfinished files whose writer is gone: it ran
// on this machine and has ended, or the file was not written to for a day. It
// returns the marks of those that it removed; a worker's in Python have none.
func Sweep(at rooted.Path, unfinished []string) (marks []string) {
	if len(unfinished) == 0 {
		return nil
	}
	folder, err := at.Folder()
	if err != nil {
		return nil // the next run meets them again
	}
	defer func() { _ = folder.Close() }() // only read
	host, _ := os.Hostname()              // unknown: the age decides
	for _, name := range unfinished {
		info, err := folder.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || !leftBehind(name, host, time.Since(info.ModTime())) {
			continue // gone meanwhile, or in use
		}
		if folder.Remove(name) == nil {
			marks = append(marks, strings.TrimPrefix(filepath.Ext(strings.TrimSuffix(name, tempSuffix)), "."))
		}
	}
	return marks
}

// leftBehind says whether the writer of a temporary file is gone. Names are
// .{host}-{pid}-{count}.{mark}.parquet.tmp; a host's name may hold dashes itself.
func leftBehind(name, host string, age time.Duration) bool {
	if age.Abs() > sweepAge { // the clock may have been set back
		return true
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(name, "."), tempSuffix), "-")
	if len(parts) < 3 || host == "" || strings.Join(parts[:len(parts)-2], "-") != host {
		return false
	}
	pid, err := strconv.Atoi(parts[len(parts)-2])
	return err == nil && ProcessEnded(pid)
}

// ProcessEnded says whether a process of this machine has ended. One that nobody has
// asked for its exit code has, too: in a container that can last.
func ProcessEnded(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)) // where there is one: Linux
	if err != nil {
		return false
	}
	// The state follows the name, which is in parentheses and may hold some.
	_, state, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	return strings.HasPrefix(state, "Z") || strings.HasPrefix(state, "X")
}
