package chainfile

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// A crash note is an empty file in a folder of outputs. Its name identifies an output and says how
// many processes ended without finishing it: .{hash}.crashes-{count}. The unfinished output itself
// cannot say so, because it is swept.
var crashNote = regexp.MustCompile(`^\.([0-9a-f]{16})\.crashes-([1-9])$`)

// mostCrashes is the highest count. Nobody asks for more.
const mostCrashes = 9

// IsCrashNote reports whether a name in an output folder is that of a crash note.
func IsCrashNote(name []byte) bool {
	return bytes.HasPrefix(name, []byte(".")) && crashNote.Match(name) // most names have no dot
}

// Crashes returns for each hash how many processes ended without finishing its output. It adds up
// the crash notes and the hashes of the unfinished outputs since then, one for each process.
func Crashes(notes, hashes []string) map[string]int {
	counts := map[string]int{}
	for _, name := range notes {
		if m := crashNote.FindStringSubmatch(name); m != nil {
			n, _ := strconv.Atoi(m[2]) // one digit
			counts[m[1]] = max(counts[m[1]], n)
		}
	}
	for _, hash := range hashes {
		if crashNote.MatchString(noteName(hash, 1)) { // an older program's have no hash
			counts[hash] = min(counts[hash]+1, mostCrashes)
		}
	}
	return counts
}

// KeepCrashes makes the crash notes of a folder say what counts says, and nothing else. notes
// are the names of those that are there.
func KeepCrashes(at rooted.Path, notes []string, counts map[string]int) error {
	folder, err := at.Folder()
	if err != nil {
		return fmt.Errorf("opening %s: %w", at.Path, err)
	}
	defer func() { _ = folder.Close() }() // only read
	var errs []error
	kept := map[string]bool{}
	for _, hash := range slices.Sorted(maps.Keys(counts)) {
		name := noteName(hash, counts[hash])
		kept[name] = true
		if slices.Contains(notes, name) {
			continue
		}
		f, err := folder.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, f.Close())
	}
	for _, name := range notes { // after writing the new ones, so that no count is lost
		if kept[name] {
			continue
		}
		if err := folder.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// SetCrashes replaces the crash note of one output, whose count is before, with one whose count is
// now. A count of 0 means no note.
func SetCrashes(output rooted.Path, before, now int) error {
	hash := NameHash(filepath.Base(output.Path))
	var notes []string
	counts := map[string]int{}
	if before > 0 {
		notes = []string{noteName(hash, min(before, mostCrashes))}
	}
	if now > 0 {
		counts[hash] = min(now, mostCrashes)
	}
	return KeepCrashes(output.Dir(), notes, counts)
}

func noteName(hash string, count int) string { return fmt.Sprintf(".%s.crashes-%d", hash, count) }
