package chainfile

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/threadloom/threadloom/transforms/rooted"
)

func TestCrashesAreCountedOverSeveralRuns(t *testing.T) {
	a, b := NameHash("a.parquet"), NameHash("b.parquet")
	for _, c := range []struct {
		name         string
		notes, marks []string
		want         map[string]int
	}{
		{"none", nil, nil, map[string]int{}},
		{"the first", nil, []string{a}, map[string]int{a: 1}},
		{"the second", []string{noteName(a, 1)}, []string{a, b}, map[string]int{a: 2, b: 1}},
		{"not again", []string{noteName(a, 1)}, nil, map[string]int{a: 1}},
		{"two processes of one run", nil, []string{a, a}, map[string]int{a: 2}},
		{"a run that ended between two notes", []string{noteName(a, 1), noteName(a, 2)}, nil, map[string]int{a: 2}},
		{"very often", []string{noteName(a, 9)}, []string{a}, map[string]int{a: 9}},
		{"a temporary file without a mark", nil, []string{"host-1-1", ""}, map[string]int{}},
	} {
		if got := Crashes(c.notes, c.marks); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCrashNotesSayWhatWasCounted(t *testing.T) {
	folder := t.TempDir()
	at := rooted.Path{Root: folder, Path: folder}
	a, b := NameHash("a.parquet"), NameHash("b.parquet")
	var notes []string
	for _, c := range []struct {
		counts map[string]int
		want   []string
	}{
		{map[string]int{a: 1, b: 1}, []string{noteName(a, 1), noteName(b, 1)}},
		{map[string]int{a: 2}, []string{noteName(a, 2)}}, // b is done
		{map[string]int{a: 2}, []string{noteName(a, 2)}},
		{nil, nil},
	} {
		if err := KeepCrashes(at, notes, c.counts); err != nil {
			t.Fatal(err)
		}
		if notes = names(t, folder); !slices.Equal(notes, slices.Sorted(slices.Values(c.want))) {
			t.Fatalf("%v: notes %q", c.counts, notes)
		}
		for _, name := range notes {
			if !IsCrashNote([]byte(name)) || IsUnfinished([]byte(name)) {
				t.Errorf("%q is not known as a note", name)
			}
		}
	}
	output := rooted.Path{Root: folder, Path: filepath.Join(folder, "a.parquet")}
	for _, c := range []struct {
		before, now int
		want        []string
	}{
		{0, 1, []string{noteName(a, 1)}}, {1, 2, []string{noteName(a, 2)}}, {2, 0, nil}, {2, 0, nil},
	} {
		if err := SetCrashes(output, c.before, c.now); err != nil {
			t.Fatal(err)
		}
		if got := names(t, folder); !slices.Equal(got, c.want) {
			t.Errorf("from %d to %d: notes %q, want %q", c.before, c.now, got, c.want)
		}
	}
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}
