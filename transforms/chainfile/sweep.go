package chainfile

import (
	"bytes"
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// sweepAge is when an unfinished file of another machine counts as left behind.
const sweepAge = 24 * time.Hour

// IsUnfinished says whether a name in an output folder is that of a file that is
// being written, or was.
func IsUnfinished(name []byte) bool {
	return len(name) > 0 && name[0] == '.' && bytes.HasSuffix(name, []byte(tempSuffix))
}

// Sweep removes those of a folder's unfinished files whose writer is gone: it ran
// on this machine and has ended, or the file was not written to for a day. It
// returns how many it removed.
func Sweep(at rooted.Path, unfinished []string) (swept int) {
	if len(unfinished) == 0 {
		return 0
	}
	folder, err := at.Folder()
	if err != nil {
		return 0 // the next run meets them again
	}
	defer func() { _ = folder.Close() }() // only read
	host, _ := os.Hostname()              // unknown: the age decides
	for _, name := range unfinished {
		info, err := folder.Lstat(name)
		if err != nil || !info.Mode().IsRegular() || !leftBehind(name, host, time.Since(info.ModTime())) {
			continue // gone meanwhile, or in use
		}
		if folder.Remove(name) == nil {
			swept++
		}
	}
	return swept
}

// leftBehind says whether the writer of a temporary file is gone. Names are
// .{host}-{pid}-{count}.parquet.tmp; a host's name may hold dashes itself.
func leftBehind(name, host string, age time.Duration) bool {
	if age.Abs() > sweepAge { // the clock may have been set back
		return true
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(name, "."), tempSuffix), "-")
	if len(parts) < 3 || host == "" || strings.Join(parts[:len(parts)-2], "-") != host {
		return false
	}
	pid, err := strconv.Atoi(parts[len(parts)-2])
	return err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
