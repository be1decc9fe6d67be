package searchfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"github.com/threadloom/threadloom/transforms/process"
)

// unfinished is a search file that is being written, under another name.
type unfinished struct {
	path string
	file *os.File
}

// unfinishedNames matches the names of unfinished files: the process that writes the file, and a random number.
var unfinishedNames = regexp.MustCompile(`^\.search\.([0-9a-f]{32})\.([1-9][0-9]{0,9})\.([0-9]{1,20})\.[0-9a-f]{16}\.tmp$`)

func create(folder string) (u unfinished, err error) {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	me := process.Self()
	u.path = filepath.Join(folder, fmt.Sprintf(".search.%s.%d.%s.%x.tmp", me.Place, me.PID, me.Start, random))
	u.file, err = os.OpenFile(u.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	return u, err
}

func (u unfinished) remove() error {
	if err := os.Remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the unfinished search file: %w", err)
	}
	return nil
}

// sweep removes the unfinished files whose writers have ended. A file that it cannot remove does no harm.
func sweep(folder string) {
	names, err := filepath.Glob(filepath.Join(folder, ".search.*.tmp"))
	if err != nil {
		return
	}
	for _, path := range names {
		fields := unfinishedNames.FindStringSubmatch(filepath.Base(path))
		info, err := os.Lstat(path)
		if fields == nil || err != nil || !info.Mode().IsRegular() {
			continue
		}
		pid, _ := strconv.ParseInt(fields[2], 10, 32) // 0, which has not ended, if no system has it
		writer := process.ID{Place: fields[1], PID: int(pid), Start: fields[3]}
		if process.LeftBehind(writer, process.Place(), process.ID.Ended, time.Since(info.ModTime())) {
			_ = os.Remove(path)
		}
	}
}
