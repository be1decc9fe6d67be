package transforms

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"
)

// DeadLetter is one line of the dead letters: a file that could not be embedded.
type DeadLetter struct {
	Input  string    `json:"input"`
	Output string    `json:"output"`
	Step   string    `json:"step"`
	Error  string    `json:"error"`
	Time   time.Time `json:"time"`
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

// appendDeadLetter adds one line in one write, so that lines of several
// processes do not mix.
func appendDeadLetter(path string, d DeadLetter) (err error) {
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return fmt.Errorf("dead letter: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.Write(append(b, '\n'))
	return err
}

// CompactDeadLetters keeps the last line of each input that still has no output,
// so that the file says what is wrong now. A file with none left is removed.
func CompactDeadLetters(path string) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	lines := stillDead(b, func(output string) bool {
		_, err := os.Stat(output)
		return err == nil
	})
	if len(lines) == 0 {
		return os.Remove(path)
	}
	temp := path + ".tmp"
	if err := os.WriteFile(temp, lines, 0o666); err != nil {
		return fmt.Errorf("writing the dead letters: %w", err)
	}
	return os.Rename(temp, path)
}

func stillDead(b []byte, done func(output string) bool) []byte {
	last := map[string]int{}
	var order []string
	lines := bytes.SplitAfter(b, []byte("\n"))
	for i, line := range lines {
		var d DeadLetter
		if json.Unmarshal(line, &d) != nil || done(d.Output) {
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
