package transforms

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
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/mpsbridge/redistest"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// newOpenFiles gives a test a gate of its own.
func newOpenFiles(t *testing.T) {
	t.Helper()
	old := openFiles
	openFiles = newGate()
	t.Cleanup(func() { openFiles = old })
}

// emitted collects the inputs of the files that are emitted.
type emitted []string

func (e *emitted) emit(f layout.File) { *e = append(*e, f.Input) }

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
	dead       = outcome{file: layout.File{Input: "dead"}, err: errDamaged}
	deadToo    = outcome{file: layout.File{Input: "dead too"}, err: errDamaged}
	done       = outcome{file: layout.File{Input: "done"}}
	notOpened  = outcome{file: layout.File{Input: "not opened"}, left: ErrInterrupted}
)

func TestNoOutcomeIsDroppedWhateverComesBeforeIt(t *testing.T) {
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	stopped := outcome{file: layout.File{Input: "stopped"}, left: context.Canceled}
	for name, c := range map[string]struct {
		ctx  context.Context
		left outcome
	}{
		"interrupted":            {t.Context(), notOpened},
		"interrupted, cancelled": {cancelled, notOpened},
		"cancelled":              {cancelled, stopped},
	} {
		var got emitted
		letters := filepath.Join(t.TempDir(), "letters")
		err := flushOutcomes(c.ctx, letters, []outcome{dead, c.left, done, deadToo}, got.emit)
		if !errors.Is(err, c.left.left) {
			t.Errorf("%s: error %v, want %v", name, err, c.left.left)
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
	newOpenFiles(t)
	before := thisProcess.Counts.All()["files_dead_lettered"]
	broken := outcome{file: layout.File{Input: "any"}, err: deadletter.EmbeddingFailed.Errorf("embedding: %w", models.ErrBroken)}
	var got emitted
	letters := filepath.Join(t.TempDir(), "letters")
	err := flushOutcomes(t.Context(), letters, []outcome{broken.finish(t.Context()), done}, got.emit)
	if !errors.Is(err, models.ErrBroken) || !slices.Equal(got, emitted{"done"}) {
		t.Errorf("error %v, emitted %q", err, got)
	}
	if l := deadInputs(t, letters); len(l) > 0 || thisProcess.Counts.All()["files_dead_lettered"] != before {
		t.Errorf("dead letters of %q", l)
	}
}

func TestADeadLetterThatCannotBeWrittenCostsNoOtherOutcome(t *testing.T) {
	var got emitted
	err := flushOutcomes(t.Context(), t.TempDir(), []outcome{dead, done}, got.emit) // a folder
	if err == nil || !slices.Equal(got, emitted{"done"}) {
		t.Errorf("error %v, emitted %q", err, got)
	}
}

// A file that is finished while the run is drained has its outcome, though the bundle ends
// with a file that is not opened any more.
func TestADrainedBundleReportsItsOpenFiles(t *testing.T) {
	newOpenFiles(t)
	root := t.TempDir()
	f := &embedFn{Options: EmbedOptions{Layout: layout.New(root, "test")}, engine: &models.Engine{}}
	for _, o := range []outcome{dead, done} {
		f.outcomes.Start(openSlots, func() outcome {
			time.Sleep(200 * time.Millisecond)
			return o
		})
	}
	openFiles.close()
	var got emitted
	err := f.ProcessElement(t.Context(), layout.File{Input: "one more"}, got.emit)
	for ; err == nil; time.Sleep(time.Millisecond) { // that it was not opened was not known yet
		err = f.ProcessElement(t.Context(), layout.File{Input: "yet one more"}, got.emit)
	}
	if !errors.Is(err, ErrInterrupted) || !slices.Equal(got, emitted{"done"}) {
		t.Errorf("error %v, emitted %q", err, got)
	}
	if l := deadInputs(t, f.Options.Layout.DeadLetters()); !slices.Equal(l, []string{"dead"}) {
		t.Errorf("dead letters of %q", l)
	}
}

// bridged returns a batch with files that are embedded here, one of them still open.
func bridged(t *testing.T, tree layout.Layout, model string) *remoteBatch {
	t.Helper()
	queue, err := mpsbridge.Open(t.Context(), redistest.New(t).URL(), "q")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Close() })
	o := BridgeOptions{Embed: EmbedOptions{Layout: tree, Model: models.Config{Folder: model}}}
	here := &openPlaces{options: o.Embed}
	here.running.Start(openSlots, func() outcome { return dead })
	here.running.Start(openSlots, func() outcome {
		time.Sleep(50 * time.Millisecond)
		return done
	})
	b := newRemoteBatch(queue, here, disk{tree}, systemClock{}, o)
	b.open["dead"], b.open["done"] = 1, 1
	return b
}

func TestTheBridgeReportsEveryFileThatIsFinished(t *testing.T) {
	for name, c := range map[string]struct {
		drained bool
		want    string
	}{
		"drained": {true, ErrInterrupted.Error()},
		"failed":  {false, "no model folder"}, // to embed the file that was taken back
	} {
		newOpenFiles(t)
		tree := layout.New(t.TempDir(), "test")
		b := bridged(t, tree, filepath.Join(t.TempDir(), "none"))
		b.add(layout.File{Input: "taken back"}, "", 0)
		if c.drained {
			openFiles.close()
		}
		var got emitted
		err := awaitBatch(t.Context(), b, got.emit)
		if err == nil || !strings.Contains(err.Error(), c.want) || !slices.Equal(got, emitted{"done"}) {
			t.Errorf("%s: error %v, emitted %q", name, err, got)
		}
		if l := deadInputs(t, tree.DeadLetters()); !slices.Equal(l, []string{"dead"}) {
			t.Errorf("%s: dead letters of %q", name, l)
		}
	}
}

// The signal that drains a run also ends it: not before the dead letters are written.
func TestADrainWaitsUntilOutcomesAreReported(t *testing.T) {
	newOpenFiles(t)
	if !openFiles.enter(time.Now()) {
		t.Fatal("the gate is open")
	}
	openFiles.close()
	openFiles.finish()
	openFiles.leave(time.Now())
	reported := false
	go func() {
		time.Sleep(50 * time.Millisecond)
		openFiles.mu.Lock()
		reported = true
		openFiles.mu.Unlock()
		openFiles.report()
	}()
	WaitDrained()
	openFiles.mu.Lock()
	defer openFiles.mu.Unlock()
	if !reported {
		t.Error("the drain ended before the outcome was reported")
	}
}

func TestADrainDoesNotWaitForEverForAnOutcome(t *testing.T) {
	g := newGate()
	g.finish()
	start := time.Now()
	g.wait(100 * time.Millisecond)
	if took := time.Since(start); took < 100*time.Millisecond || took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
}
