package transforms

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// newTheIsolation gives a test an isolation of its own.
func newTheIsolation(t *testing.T) {
	t.Helper()
	old := theIsolation
	theIsolation = newIsolation()
	t.Cleanup(func() { theIsolation = old })
}

func TestIsolatedFilesWaitWithoutAnOpenSlot(t *testing.T) {
	newOpenFiles(t)
	newTheIsolation(t)
	for range cap(theIsolation.places) { // others are embedded apart
		theIsolation.places <- struct{}{}
	}
	var open inflight.Group[outcome]
	started := make(chan struct{})
	go func() {
		defer close(started)
		for range 3 * cap(openSlots) {
			startFile(t.Context(), &open, &models.Engine{}, layout.File{Crashes: layout.IsolateAfter}, EmbedOptions{})
		}
	}()
	select {
	case <-started:
	case <-time.After(10 * time.Second):
		t.Fatal("isolated files hold up the bundle")
	}
	if len(openSlots) > 0 {
		t.Errorf("%d isolated files hold an open slot", len(openSlots))
	}
	openFiles.close() // so that none is really embedded
	for range cap(theIsolation.places) {
		<-theIsolation.places
	}
	for _, o := range open.Rest() {
		if !errors.Is(o.left, ErrInterrupted) {
			t.Fatalf("%+v, want that it was not opened", o)
		}
	}
}

func TestAFileIsIsolatedTheSecondTimeOnly(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	outputs := tree.Outputs("baking")
	if err := os.MkdirAll(outputs.Path, 0o777); err != nil {
		t.Fatal(err)
	}
	mark := chainfile.NameHash("a.parquet")
	for run, want := range []struct {
		marks    []string
		missing  []string
		crashes  int
		isolated bool
		notes    int
	}{
		{[]string{mark}, []string{"a.parquet", "b.parquet"}, 1, false, 1},
		{nil, []string{"a.parquet", "b.parquet"}, 1, false, 1}, // killed before it was opened
		{[]string{mark}, []string{"a.parquet"}, 2, true, 1},
		{nil, []string{"a.parquet"}, 2, true, 1},
		{nil, nil, 0, false, 0}, // it is done
	} {
		s := classification{subreddit: "baking", missing: want.missing, crashNotes: notesIn(t, outputs.Path)}
		s.countCrashes(outputs, want.marks)
		file := layout.File{Crashes: s.crashes["a.parquet"]}
		if file.Crashes != want.crashes || file.Isolated() != want.isolated || s.crashes["b.parquet"] != 0 {
			t.Errorf("run %d: crashes %v, want %d of a.parquet", run, s.crashes, want.crashes)
		}
		if notes := notesIn(t, outputs.Path); len(notes) != want.notes {
			t.Errorf("run %d: notes %q", run, notes)
		}
	}
}

func notesIn(t *testing.T, folder string) (notes []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, ".*.crashes-*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range found {
		notes = append(notes, filepath.Base(path))
	}
	return notes
}

func TestAnOutcomeSaysWhetherItsFileEndsProcesses(t *testing.T) {
	broken := deadletter.EmbeddingFailed.Errorf("embedding: %w", models.ErrBroken)
	for name, c := range map[string]struct {
		o             outcome
		before, after int
	}{
		"done":                       {outcome{}, 2, 0},
		"done by a worker":           {outcome{bridged: true}, 1, 0},
		"a file that cannot be read": {outcome{err: errDamaged}, 1, 0},
		"it ended its own process":   {outcome{err: errCrash}, 2, 2},
		"no process could start":     {outcome{err: deadletter.ProcessLost.Errorf("no memory")}, 2, 2},
		"it was stopped":             {outcome{left: ErrInterrupted}, 1, 1},
		"workers died of it":         {outcome{err: errDamaged, bridged: true}, 1, 1},
		"the engine broke":           {outcome{left: broken}, 0, 1},
		"the engine broke again":     {outcome{left: broken}, 1, 2},
		"nothing was ever wrong":     {outcome{}, 0, 0},
	} {
		tree := layout.New(t.TempDir(), "test")
		c.o.file = tree.File("baking", "a.parquet")
		c.o.file.Crashes = c.before
		if err := os.MkdirAll(filepath.Dir(c.o.file.Output), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := chainfile.SetCrashes(tree.Output(c.o.file), 0, c.before); err != nil {
			t.Fatal(err)
		}
		noteCrashes(tree, c.o)
		counts := chainfile.Crashes(notesIn(t, filepath.Dir(c.o.file.Output)), nil)
		if got := counts[chainfile.NameHash("a.parquet")]; got != c.after || len(counts) > 1 {
			t.Errorf("%s: %d crashes are noted, want %d", name, got, c.after)
		}
	}
}

// standIn is what a test's program does as the process of isolated files: the file "poison"
// ends it, once others are there, too.
func standIn() {
	files, answers := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	var answering sync.Mutex
	for {
		var f isolatedFile
		if files.Decode(&f) != nil {
			os.Exit(0)
		}
		go func() {
			time.Sleep(300 * time.Millisecond)
			if f.File.Input == "poison" {
				os.Exit(7)
			}
			time.Sleep(300 * time.Millisecond)
			answering.Lock()
			defer answering.Unlock()
			_ = answers.Encode(isolatedAnswer{ID: f.ID, Stats: fileStats{Rows: int64(len(f.File.Input))}})
		}()
	}
}

func TestOnlyTheFileThatEndsItsProcessAloneIsLost(t *testing.T) {
	newOpenFiles(t)
	for _, names := range [][]string{
		{"poison"},
		{"a", "bb", "poison", "ccc", "dddd"},
		{"poison", "a", "poison"},
	} {
		isolation := newIsolation()
		var files sync.WaitGroup
		for _, name := range names {
			files.Go(func() {
				stats, _, err := isolation.embed(t.Context(), layout.File{Input: name}, EmbedOptions{})
				if name == "poison" {
					if !errors.Is(err, errCrash) {
						t.Errorf("%q: %s: error %v, want %v", names, name, err, errCrash)
					}
				} else if err != nil || stats.Rows != int64(len(name)) {
					t.Errorf("%q: %s: %d rows, error %v", names, name, stats.Rows, err)
				}
			})
		}
		files.Wait()
		if isolation.process != nil {
			t.Errorf("%q: a process is left", names)
		}
	}
}

func TestACancelledRunDoesNotWaitForIsolatedFiles(t *testing.T) {
	newOpenFiles(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := newIsolation().embed(ctx, layout.File{Input: "a"}, EmbedOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
