package transforms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// DeadLetter is one line of the dead letters: a file that could not be embedded, or a
// folder that could not be listed, which has no output.
type DeadLetter struct {
	Input  pathJSON `json:"input"`
	Output pathJSON `json:"output,omitempty"`
	Step   string   `json:"step"`
	// Code is the reason for programs, Error that for people.
	Code  deadletter.Code `json:"code"`
	Error string          `json:"error"`
	Time  time.Time       `json:"time"`
	// Stays is the time of an earlier output that was to be replaced, and is still there.
	Stays *time.Time `json:"earlier_output,omitempty"`
}

// deadLetter is that of a file at a step.
func deadLetter(file File, step string, err error) DeadLetter {
	d := DeadLetter{Input: pathJSON(file.Input), Output: pathJSON(file.Output), Step: step, Code: deadletter.CodeOf(err), Error: reason(err), Time: time.Now().UTC()}
	if info, err := os.Stat(file.Output); file.Anew && err == nil {
		stays := info.ModTime()
		d.Stays = &stays
	}
	return d
}

// settled says whether an output has come since.
func (d DeadLetter) settled(layout Layout) bool {
	info, err := layout.output(File{Output: string(d.Output)}).Stat()
	return err == nil && (d.Stays == nil || !info.ModTime().Equal(*d.Stays))
}

// longestReason bounds what a dead letter says: libraries quote what they have read.
const longestReason = 600

// reason says in one line why something failed.
func reason(err error) string {
	line := strings.Join(strings.FieldsFunc(err.Error(), unicode.IsControl), "; ")
	if len(line) > longestReason {
		line = strings.ToValidUTF8(line[:longestReason], "") + " …"
	}
	return line
}

// patience is how long a dead letter waits for room on a full disk: the open files
// that fail beside it give theirs back.
const patience = 10 * time.Second

// appendDeadLetter adds one line in one write, so that lines of several
// processes do not mix.
func appendDeadLetter(path string, d DeadLetter) error {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	line := slices.Concat(b, []byte("\n"))
	for start, wait := time.Now(), 20*time.Millisecond; ; wait *= 2 {
		written, err := appendTo(path, line)
		if err == nil {
			return nil
		}
		if !errors.Is(err, syscall.ENOSPC) || time.Since(start) > patience {
			return fmt.Errorf("dead letter: %w", err)
		}
		if written > 0 { // half a line stays, which nobody reads
			line = slices.Concat([]byte("\n"), line)
		}
		time.Sleep(wait)
	}
}

func appendTo(path string, line []byte) (written int, err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return f.Write(line)
}

// folderDied sets a folder aside that cannot be listed; its files are left for a run
// that can.
func folderDied(ctx context.Context, deadLetters, step, folder string, err error) error {
	log.Warnf(ctx, "dead letter: %q: %s", folder, reason(err))
	filesDead.Inc(ctx, 1)
	return appendDeadLetter(deadLetters, DeadLetter{Input: pathJSON(folder), Step: step, Code: deadletter.OfPath(err, deadletter.CannotList), Error: reason(err), Time: time.Now().UTC()})
}

// mended says whether what a dead letter is about is done: its output is there, or
// the folder can be listed.
func (d DeadLetter) mended(layout Layout) bool {
	if d.Output == "" {
		folder := layout.input(File{Input: string(d.Input)})
		if d.Step == "filter" {
			folder = layout.output(File{Output: string(d.Input)})
		}
		f, err := folder.Open()
		if err == nil {
			_, err = f.Readdirnames(1)
			_ = f.Close() // only read
		}
		return err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrNotExist)
	}
	return d.settled(layout)
}

// CompactDeadLetters keeps the last line of each input that is not mended, so that
// the file says what is wrong now. A file with none left is removed.
func CompactDeadLetters(layout Layout) error {
	path := layout.DeadLetters()
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	lines := stillDead(b, func(d DeadLetter) bool { return d.mended(layout) })
	if len(lines) == 0 {
		return os.Remove(path)
	}
	temp := path + ".tmp"
	err = os.WriteFile(temp, lines, 0o666)
	if err == nil {
		err = os.Rename(temp, path)
	}
	if err != nil {
		_ = os.Remove(temp) // the old ones stay
		return fmt.Errorf("writing the dead letters: %w", err)
	}
	return nil
}

func stillDead(b []byte, done func(DeadLetter) bool) []byte {
	last := map[pathJSON]int{}
	var order []pathJSON
	lines := bytes.SplitAfter(b, []byte("\n"))
	for i, line := range lines {
		var d DeadLetter
		if json.Unmarshal(line, &d) != nil || done(d) {
			continue
		}
		if _, ok := last[d.Input]; !ok {
			order = append(order, d.Input)
		}
		last[d.Input] = i
	}
	var kept []byte
	for _, input := range order {
		kept = append(kept, lines[last[input]]...)
	}
	return kept
}
