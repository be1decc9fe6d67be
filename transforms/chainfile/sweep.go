package chainfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// sweepAge is when an unfinished file of another machine counts as left behind.
const sweepAge = 24 * time.Hour

// Sweep removes unfinished outputs whose writer is gone from a folder: it ran on
// this machine and has ended, or the file was not written to for a day. It
// returns how many it removed. A folder that does not exist has none.
func Sweep(folder string) (int, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("looking for unfinished files: %w", err)
	}
	host, _ := os.Hostname() // unknown: the age decides
	swept := 0
	for _, entry := range entries {
		name := entry.Name()
		if !strings.HasPrefix(name, ".") || !strings.HasSuffix(name, tempSuffix) || !entry.Type().IsRegular() {
			continue
		}
		info, err := entry.Info()
		if err != nil || !leftBehind(name, host, time.Since(info.ModTime())) {
			continue // gone meanwhile, or in use
		}
		if err := os.Remove(filepath.Join(folder, name)); err == nil {
			swept++
		}
	}
	return swept, nil
}

// leftBehind says whether the writer of a temporary file is gone. Names are
// .{host}-{pid}-{count}.parquet.tmp; a host's name may hold dashes itself.
func leftBehind(name, host string, age time.Duration) bool {
	if age > sweepAge {
		return true
	}
	parts := strings.Split(strings.TrimSuffix(strings.TrimPrefix(name, "."), tempSuffix), "-")
	if len(parts) < 3 || host == "" || strings.Join(parts[:len(parts)-2], "-") != host {
		return false
	}
	pid, err := strconv.Atoi(parts[len(parts)-2])
	return err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
