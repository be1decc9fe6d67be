package embedding

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// emitted collects the inputs of the files that are emitted.
type emitted []string

func (e *emitted) reporter() Reporter {
	return Reporter{
		Emit:   func(f layout.File) { *e = append(*e, f.Input) },
		Metric: func(string, int64) {}, Warn: func(string) {},
	}
}

// deadInputs returns the inputs of the dead letters.
func deadInputs(t *testing.T, path string) (inputs []string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		var d deadletter.Letter
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, string(d.Input))
	}
	return inputs
}

var (
	errDamaged = deadletter.Damaged.Errorf("damaged")
	dead       = Outcome{File: layout.File{Input: "dead"}, Err: errDamaged}
	deadToo    = Outcome{File: layout.File{Input: "dead too"}, Err: errDamaged}
	done       = Outcome{File: layout.File{Input: "done"}}
	notOpened  = Outcome{File: layout.File{Input: "not opened"}, Left: ErrInterrupted}
)

func TestNoOutcomeIsDroppedWhateverComesBeforeIt(t *testing.T) {
	stopped := Outcome{File: layout.File{Input: "stopped"}, Left: context.Canceled}
	for name, left := range map[string]Outcome{"interrupted": notOpened, "cancelled": stopped} {
		var got emitted
		letters := filepath.Join(t.TempDir(), "letters")
		err := New(counters.New()).Report(letters, []Outcome{dead, left, done, deadToo}, got.reporter())
		if !errors.Is(err, left.Left) {
			t.Errorf("%s: error %v, want %v", name, err, left.Left)
		}
		if !slices.Equal(got, emitted{"done"}) {
			t.Errorf("%s: emitted %q", name, got)
		}
		if l := deadInputs(t, letters); !slices.Equal(l, []string{"dead", "dead too"}) {
			t.Errorf("%s: dead letters of %q", name, l)
		}
	}
}

func TestABrokenEngineEndsTheRunAndMakesNoDeadLetters(t *testing.T) {
	e := New(counters.New())
	broken := Outcome{File: layout.File{Input: "any"}, Err: deadletter.EmbeddingFailed.Errorf("embedding: %w", models.ErrBroken)}
	var got emitted
	letters := filepath.Join(t.TempDir(), "letters")
	err := e.Report(letters, []Outcome{e.finish(t.Context(), broken), done}, got.reporter())
	if !errors.Is(err, models.ErrBroken) || !slices.Equal(got, emitted{"done"}) {
		t.Errorf("error %v, emitted %q", err, got)
	}
	if l := deadInputs(t, letters); len(l) > 0 || e.counts.All()["files_dead_lettered"] > 0 {
		t.Errorf("dead letters of %q", l)
	}
}

func TestADeadLetterThatCannotBeWrittenCostsNoOtherOutcome(t *testing.T) {
	var got emitted
	err := New(counters.New()).Report(t.TempDir(), []Outcome{dead, done}, got.reporter()) // the file of dead letters is a folder
	if err == nil || !slices.Equal(got, emitted{"done"}) {
		t.Errorf("error %v, emitted %q", err, got)
	}
}

// A file that is finished while the run is drained is reported, although another file, which is not
// opened any more, ends the bundle.
func TestADrainedBundleReportsItsOpenFiles(t *testing.T) {
	e := New(counters.New())
	b := e.NewBundle(Options{Layout: layout.New(t.TempDir(), "test")})
	b.engine = &models.Engine{}
	for _, o := range []Outcome{dead, done} {
		b.running.Start(e.slots, func() Outcome {
			time.Sleep(200 * time.Millisecond)
			return o
		})
	}
	e.Drain()
	var got emitted
	err := b.Embed(t.Context(), layout.File{Input: "one more"}, got.reporter())
	for ; err == nil; time.Sleep(time.Millisecond) { // the bundle may not know yet that it was not opened
		err = b.Embed(t.Context(), layout.File{Input: "yet one more"}, got.reporter())
	}
	if !errors.Is(err, ErrInterrupted) || !slices.Equal(got, emitted{"done"}) {
		t.Errorf("error %v, emitted %q", err, got)
	}
	if l := deadInputs(t, b.options.Layout.DeadLetters()); !slices.Equal(l, []string{"dead"}) {
		t.Errorf("dead letters of %q", l)
	}
}

// The signal that drains a run also ends it, but only after the dead letters are written.
func TestADrainWaitsUntilOutcomesAreReported(t *testing.T) {
	e := New(counters.New())
	if !e.files.enter(time.Now()) {
		t.Fatal("the gate is open")
	}
	e.files.close()
	e.files.owe(1)
	e.files.leave(time.Now())
	reported := false
	go func() {
		time.Sleep(50 * time.Millisecond)
		e.files.mu.Lock()
		reported = true
		e.files.mu.Unlock()
		e.files.owe(-1)
	}()
	e.WaitDrained()
	e.files.mu.Lock()
	defer e.files.mu.Unlock()
	if !reported {
		t.Error("the drain ended before the outcome was reported")
	}
}

func TestADrainDoesNotWaitForEverForAnOutcome(t *testing.T) {
	g := newGate()
	g.owe(1)
	start := time.Now()
	g.wait(100 * time.Millisecond)
	if took := time.Since(start); took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
