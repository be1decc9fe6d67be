package deadletter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/threadloom/threadloom/transforms/layout"
)

// appendLetters appends dead letters of inputs that are never mended, and returns them.
func appendLetters(t *testing.T, tree layout.Layout, writer, count int) (inputs []string) {
	t.Helper()
	for n := range count {
		file := tree.File("tea", fmt.Sprintf("%d-%d.parquet", writer, n))
		if err := Append(tree.DeadLetters(), New(file, "embed", errors.New("bad"))); err != nil {
			t.Error(err)
		}
		inputs = append(inputs, file.Input)
	}
	return inputs
}

func lettersOf(t *testing.T, tree layout.Layout) map[string]int {
	t.Helper()
	b, err := os.ReadFile(tree.DeadLetters())
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	found := map[string]int{}
	for line := range bytes.Lines(b) {
		var d Letter
		if err := json.Unmarshal(line, &d); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		found[string(d.Input)]++
	}
	return found
}

// Processes of one run append while another one, which has been told to end, compacts.
func TestNoDeadLetterIsLostThatIsAppendedDuringACompaction(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	written := make([][]string, 4)
	var writers, compaction sync.WaitGroup
	for i := range written {
		writers.Go(func() { written[i] = appendLetters(t, tree, i, 300) })
	}
	over := make(chan struct{})
	compaction.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			// A compaction writes only if there is something to remove, such as a line that comes twice.
			appendLetters(t, tree, 9, 1)
			if err := Compact(tree); err != nil {
				t.Error(err)
			}
		}
	})
	writers.Wait()
	close(over)
	compaction.Wait()
	if err := Compact(tree); err != nil {
		t.Fatal(err)
	}
	found := lettersOf(t, tree)
	for _, inputs := range written {
		for _, input := range inputs {
			if found[input] != 1 {
				t.Errorf("%s: %d lines, want 1", input, found[input])
			}
		}
	}
}

// A line is appended between the read and the rename.
func TestALineBetweenTheReadAndTheRenameIsKept(t *testing.T) {
	for name, first := range map[string]string{
		"others are kept":    `{"input":"a","step":"embed"}` + "\n" + `{"input":"a","step":"filter"}` + "\n",
		"none is left":       `{"input":"mended"}` + "\n",
		"half a line before": `{"input":"mended"}` + "\n" + `{"input":"half`,
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "letters")
			if err := os.WriteFile(path, []byte(first), 0o666); err != nil {
				t.Fatal(err)
			}
			late := false
			err := compact(path, func(d Letter) bool {
				if !late {
					late = true
					if err := Append(path, Letter{Input: "late"}); err != nil {
						t.Error(err)
					}
				}
				return d.Input == "mended"
			})
			b, readErr := os.ReadFile(path)
			if err := errors.Join(err, readErr); err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b, []byte(`"input":"late"`)); n != 1 {
				t.Errorf("%d late lines in\n%s", n, b)
			}
		})
	}
}

// A run that was suspended while it compacted wakes up after another run has done that.
func TestALateCompactionTakesNothingBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "letters")
	if err := os.WriteFile(path, []byte(`{"input":"mended"}`+"\n"+`{"input":"a"}`+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	want := `{"input":"new"}` + "\n"
	err := compact(path, func(d Letter) bool {
		if err := errors.Join(os.WriteFile(path+"2", []byte(want), 0o666), os.Rename(path+"2", path)); err != nil {
			t.Error(err)
		}
		return d.Input == "mended"
	})
	if b, readErr := os.ReadFile(path); err != nil || readErr != nil || string(b) != want {
		t.Errorf("got %q (%v, %v), want %q", b, err, readErr, want)
	}
	if _, err := os.Stat(path + ".tmp"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a temporary file is left: %v", err)
	}
}
