package subreddits_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms/subreddits"
)

func TestWrittenListIsNoChoice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.json")
	for _, names := range [][]string{{"b", "a"}, {"c", "a"}} {
		if err := subreddits.Write(path, names); err != nil {
			t.Fatal(err)
		}
	}
	names, err := subreddits.Read(path)
	if err != nil || !slices.Equal(names, []string{"a", "b", "c"}) || !subreddits.IsWritten(path) {
		t.Fatalf("%v, %v, written %v", names, err, subreddits.IsWritten(path))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string]string{
		"edited": strings.Replace(string(b), `"b",`, "", 1), "somebody's own": `["a"]`, "broken": "{",
	} {
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
		if subreddits.IsWritten(path) {
			t.Errorf("a list that is %s counts as written by an import", what)
		}
	}
}
