package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/threadloom/threadloom/transforms/layout"
)

// Several processes append to the file of dead letters, on Flink from several machines. Now and
// then one of them replaces it with a shorter file. No line is lost, whenever that happens: a
// process that appends checks afterwards that the file is still in its place, and appends again if
// it is not. A process that replaces the file then reads the lines that were appended to the old one.

// errReplaced is why a line is appended again: it went to a file that nobody reads.
var errReplaced = errors.New("the file was replaced meanwhile")

// patience is how long a dead letter waits for room on a full disk: other outputs that
// fail meanwhile are removed.
const patience = 10 * time.Second

// Append adds one line.
func Append(path string, d Letter) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	return appendLines(path, slices.Concat(b, []byte("\n")))
}

// appendLines adds lines in one write, so that those of several processes do not mix.
func appendLines(path string, lines []byte) error {
	for start, wait := time.Now(), 20*time.Millisecond; ; {
		err := appendTo(path, lines)
		switch {
		case err == nil:
			return nil
		case time.Since(start) > patience:
			return fmt.Errorf("dead letter: %w", err)
		case errors.Is(err, errReplaced), errors.Is(err, syscall.ESTALE):
			continue
		case !errors.Is(err, syscall.ENOSPC):
			return fmt.Errorf("dead letter: %w", err)
		}
		time.Sleep(wait)
		wait *= 2
	}
}

// appendTo returns errReplaced if the file is no longer in its place after the write. It closes
// the file before it checks, because over NFS others see what was written only then. A second
// descriptor stays open meanwhile: without it a replaced file would be deleted, and the file that
// replaced it could get its inode number, so that the two would look the same.
func appendTo(path string, lines []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return err
	}
	second, err := syscall.Dup(int(f.Fd()))
	if err != nil {
		return errors.Join(err, f.Close())
	}
	defer func() { _ = syscall.Close(second) }() // f has been written and closed
	if endsInside(f) {
		lines = slices.Concat([]byte("\n"), lines)
	}
	_, err = f.Write(lines)
	opened, statErr := f.Stat()
	if err := errors.Join(err, statErr, f.Close()); err != nil {
		return err
	}
	if !inPlace(opened, path) {
		return errReplaced
	}
	return nil
}

// endsInside reports whether a file ends in the middle of a line, as a full disk or a killed
// process leaves it. Nobody can read that line, nor anything that is appended to it.
func endsInside(f *os.File) bool {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// inPlace reports whether a file is still the one at path.
func inPlace(opened os.FileInfo, path string) bool {
	there, err := os.Stat(path)
	return err == nil && os.SameFile(opened, there)
}

// Compact keeps the last line of each input that is not mended, so that
// the file says what is wrong now. A file with none left is removed.
func Compact(tree layout.Layout) error {
	err := compact(tree.DeadLetters(), func(d Letter) bool { return d.mended(tree) })
	if err != nil {
		return fmt.Errorf("bringing the dead letters up to date: %w", err)
	}
	return nil
}

func compact(path string, mended func(Letter) bool) (err error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	whole := bytes.LastIndexByte(b, '\n') + 1 // the rest may be a line that is being written
	kept := stillDead(b[:whole], mended)
	if len(kept) == len(b) {
		return nil
	}
	if replaced, err := replaceLetters(path, f, kept); err != nil || !replaced {
		return err
	}
	more, err := io.ReadAll(f) // lines that others appended before the file was replaced
	if err != nil {
		return err
	}
	if late := stillDead(slices.Concat(b[whole:], more), mended); len(late) > 0 {
		return appendLines(path, late)
	}
	return nil
}

// replaceLetters replaces the file f with one that holds other lines. It does
// nothing and returns false if another run has replaced the file meanwhile.
func replaceLetters(path string, f *os.File, lines []byte) (bool, error) {
	temp := path + ".tmp"
	if len(lines) > 0 {
		if err := os.WriteFile(temp, lines, 0o666); err != nil {
			return false, errors.Join(err, removed(temp)) // the old lines stay
		}
	}
	info, err := f.Stat()
	if err != nil || !inPlace(info, path) {
		return false, errors.Join(err, removed(temp))
	}
	if len(lines) == 0 {
		return true, removed(path)
	}
	if err := os.Rename(temp, path); err != nil {
		return false, errors.Join(err, removed(temp))
	}
	return true, nil
}

// removed removes a file that may not be there.
func removed(path string) error {
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
