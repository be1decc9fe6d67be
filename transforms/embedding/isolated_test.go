package embedding

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
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

func TestIsolatedFilesWaitWithoutAnOpenSlot(t *testing.T) {
	e := New(counters.New())
	for range cap(e.isolated.places) { // others are embedded apart
		e.isolated.places <- struct{}{}
	}
	b := e.NewBundle(Options{})
	b.engine = &models.Engine{}
	started := make(chan struct{})
	go func() {
		defer close(started)
		for range 3 * cap(e.slots) {
			_ = b.Embed(t.Context(), layout.File{Crashes: layout.IsolateAfter}, Reporter{})
		}
	}()
	select {
	case <-started:
	case <-time.After(10 * time.Second):
		t.Fatal("isolated files hold up the bundle")
	}
	if len(e.slots) > 0 {
		t.Errorf("%d isolated files hold an open slot", len(e.slots))
	}
	e.Drain() // so that none is really embedded
	for range cap(e.isolated.places) {
		<-e.isolated.places
	}
	for _, o := range b.Rest() {
		if !errors.Is(o.Left, ErrInterrupted) {
			t.Fatalf("%+v, want that it was not opened", o)
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
		o             Outcome
		before, after int
	}{
		"done":                       {Outcome{}, 2, 0},
		"done by a worker":           {Outcome{Bridged: true}, 1, 0},
		"a file that cannot be read": {Outcome{Err: errDamaged}, 1, 0},
		"it ended its own process":   {Outcome{Err: errCrash}, 2, 2},
		"no process could start":     {Outcome{Err: deadletter.ProcessLost.Errorf("no memory")}, 2, 2},
		"it was stopped":             {Outcome{Left: ErrInterrupted}, 1, 1},
		"workers died of it":         {Outcome{Err: errDamaged, Bridged: true}, 1, 1},
		"the engine broke":           {Outcome{Left: broken}, 0, 1},
		"the engine broke again":     {Outcome{Left: broken}, 1, 2},
		"nothing was ever wrong":     {Outcome{}, 0, 0},
	} {
		tree := layout.New(t.TempDir(), "test")
		c.o.File = tree.File("baking", "a.parquet")
		c.o.File.Crashes = c.before
		if err := os.MkdirAll(filepath.Dir(c.o.File.Output), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := chainfile.SetCrashes(tree.Output(c.o.File), 0, c.before); err != nil {
			t.Fatal(err)
		}
		noteCrashes(tree, c.o)
		counts := chainfile.Crashes(notesIn(t, filepath.Dir(c.o.File.Output)), nil)
		if got := counts[chainfile.NameHash("a.parquet")]; got != c.after || len(counts) > 1 {
			t.Errorf("%s: %d crashes are noted, want %d", name, got, c.after)
		}
	}
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == IsolatedCommand { // a test that isolates files started it
		standIn()
	}
	os.Exit(m.Run())
}

// standIn plays the process of isolated files. The file "poison" ends it, after a while in
// which other files can arrive.
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
			_ = answers.Encode(isolatedAnswer{ID: f.ID, Stats: FileStats{Rows: int64(len(f.File.Input))}})
		}()
	}
}

func TestOnlyTheFileThatEndsItsProcessAloneIsLost(t *testing.T) {
	for _, names := range [][]string{
		{"poison"},
		{"a", "bb", "poison", "ccc", "dddd"},
		{"poison", "a", "poison"},
	} {
		isolation := newIsolation(newGate())
		var files sync.WaitGroup
		for _, name := range names {
			files.Go(func() {
				stats, _, err := isolation.embed(t.Context(), layout.File{Input: name}, Options{})
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
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := newIsolation(newGate()).embed(ctx, layout.File{Input: "a"}, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
