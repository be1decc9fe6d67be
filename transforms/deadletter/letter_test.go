package deadletter

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/layout"
)

func TestStillDeadKeepsTheLastReasonOfWhatIsStillMissing(t *testing.T) {
	lines := strings.Join([]string{
		`{"input":"a","output":"A","error":"first"}`,
		`{"input":"b","output":"B","error":"mended since"}`,
		`{"input":"c","output":"C","error":"only"}`,
		`{"input":"a","output":"A","error":"second"}`,
		`half a li`,
	}, "\n")
	got := string(stillDead([]byte(lines), func(d Letter) bool { return d.Output == "B" }))
	want := `{"input":"a","output":"A","error":"second"}` + "\n" + `{"input":"c","output":"C","error":"only"}` + "\n"
	if got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}
}

func TestAFoldersLetterStaysUntilItCanBeListed(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	path, folder := tree.DeadLetters(), tree.Inputs("all").Path
	touch(t, folder) // a file where the folder should be
	for _, c := range []struct {
		name string
		mend func() error
		left bool
	}{
		{"a file", func() error { return nil }, true},
		{"a link out", func() error { return errors.Join(os.Remove(folder), os.Symlink(t.TempDir(), folder)) }, true},
		{"a folder", func() error { return errors.Join(os.Remove(folder), os.Mkdir(folder, 0o777)) }, false},
	} {
		if err := Append(path, Letter{Input: layout.Path(folder), Step: "expand", Error: "no folder"}); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.mend(), Compact(tree)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); (err == nil) != c.left {
			t.Errorf("%s: the letter is there: %v, want %v", c.name, err == nil, c.left)
		}
	}
}

func TestAReasonIsOneLineOfSomeLength(t *testing.T) {
	if got := Reason(errors.New("two\nlines\tand\x00more")); got != "two; lines; and; more" {
		t.Errorf("got %q", got)
	}
	if got := Reason(errors.New(strings.Repeat("ü", longestReason))); len(got) > longestReason+10 || strings.Contains(got, "\uFFFD") {
		t.Errorf("got %d bytes: %q", len(got), got)
	}
}

func TestDeadLettersAreRemovedWithTheLast(t *testing.T) {
	for _, name := range []string{"out.parquet", "caf\xe9.parquet"} {
		t.Run(name, func(t *testing.T) { testDeadLettersAreRemoved(t, name) })
	}
}

func testDeadLettersAreRemoved(t *testing.T, name string) {
	t.Helper()
	tree := layout.New(t.TempDir(), "test")
	path := tree.DeadLetters()
	file := tree.File("tea", name)
	d := New(file, "embed", errors.New("two\nlines"))
	for range 2 {
		if err := Append(path, d); err != nil {
			t.Fatal(err)
		}
	}
	if err := Compact(tree); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || countLines(b) != 1 {
		t.Fatalf("got %q, error %v, want one line", b, err)
	}
	touch(t, string(d.Output))
	if err := Compact(tree); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("still there: %v", err)
	}
	if err := Compact(tree); err != nil {
		t.Fatalf("without a file: %v", err)
	}
}

func TestADeadLetterBesideAnEarlierOutputStaysUntilThatIsReplaced(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	path, file := tree.DeadLetters(), tree.File("tea", "out.parquet")
	file.Anew = true
	touch(t, file.Output)
	if err := Append(path, New(file, "embed", errors.New("spoiled"))); err != nil {
		t.Fatal(err)
	}
	if err := Compact(tree); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || countLines(b) != 1 {
		t.Fatalf("got %q, error %v, want the line", b, err)
	}
	later := time.Now().Add(time.Second)
	if err := os.Chtimes(file.Output, later, later); err != nil {
		t.Fatal(err)
	}
	if err := Compact(tree); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("still there: %v", err)
	}
}

// touch makes an empty file with its folders.
func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
}

func countLines(b []byte) int { return bytes.Count(b, []byte("\n")) }
