package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/threadloom/threadloom/transforms/layout"
)

// Letter is one line of the dead letters: a file that could not be embedded, or a
// folder that could not be listed, which has no output.
type Letter struct {
	Input  layout.Path `json:"input"`
	Output layout.Path `json:"output,omitempty"`
	Step   string      `json:"step"`
	// Code is the reason for programs, Error the reason for people.
	Code  Code      `json:"code"`
	Error string    `json:"error"`
	Time  time.Time `json:"time"`
	// Stays is the time of an earlier output that was to be replaced, and is still there.
	Stays *time.Time `json:"earlier_output,omitempty"`
}

// New returns the letter of a file that failed at a step.
func New(file layout.File, step string, err error) Letter {
	d := Letter{Input: layout.Path(file.Input), Output: layout.Path(file.Output), Step: step, Code: CodeOf(err), Error: Reason(err), Time: time.Now().UTC()}
	if info, err := os.Stat(file.Output); file.Anew && err == nil {
		stays := info.ModTime()
		d.Stays = &stays
	}
	return d
}

// longestReason bounds the message of a dead letter, because libraries quote what they have read.
const longestReason = 600

// Reason says in one line why something failed.
func Reason(err error) string {
	line := strings.Join(strings.FieldsFunc(err.Error(), unicode.IsControl), "; ")
	if len(line) > longestReason {
		line = strings.ToValidUTF8(line[:longestReason], "") + " …"
	}
	return line
}

// OfFolder returns the letter of a folder that a step cannot list.
func OfFolder(folder, step string, err error) Letter {
	return Letter{Input: layout.Path(folder), Step: step, Code: OfPath(err, CannotList), Error: Reason(err), Time: time.Now().UTC()}
}

// mended reports whether a dead letter is out of date: an output has been written since, or
// the folder can be listed.
func (d Letter) mended(tree layout.Layout) bool {
	if d.Output == "" {
		folder := tree.Input(layout.File{Input: string(d.Input)})
		if d.Step == "filter" {
			folder = tree.Output(layout.File{Output: string(d.Input)})
		}
		f, err := folder.Open()
		if err == nil {
			_, err = f.Readdirnames(1)
			_ = f.Close() // only read
		}
		return err == nil || errors.Is(err, io.EOF) || errors.Is(err, os.ErrNotExist)
	}
	info, err := tree.Output(layout.File{Output: string(d.Output)}).Stat()
	return err == nil && (d.Stays == nil || !info.ModTime().Equal(*d.Stays))
}

func stillDead(b []byte, done func(Letter) bool) []byte {
	last := map[layout.Path]int{}
	var order []layout.Path
	lines := bytes.SplitAfter(b, []byte("\n"))
	for i, line := range lines {
		var d Letter
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
