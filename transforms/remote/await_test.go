package remote

import (
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
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// startedBundle is a bundle with files that a test has started.
type startedBundle struct {
	*embedding.Bundle
	running inflight.Group[embedding.Outcome]
}

func (b *startedBundle) Take() []embedding.Outcome { return b.running.Take() }
func (b *startedBundle) Rest() []embedding.Outcome { return b.running.Rest() }

// bridged returns a batch with files that are embedded here, one of them still open.
func bridged(t *testing.T, tree layout.Layout, model string) *batch {
	t.Helper()
	queue, err := mpsbridge.Open(t.Context(), redistest.New(t).URL(), "q")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = queue.Close() })
	o := Options{Embed: embedding.Options{Layout: tree, Model: models.Config{Folder: model}}}
	e := embedding.New(counters.New())
	here := &startedBundle{Bundle: e.NewBundle(o.Embed)}
	here.running.Begin(func() embedding.Outcome {
		return embedding.Outcome{File: layout.File{Input: "dead"}, Err: deadletter.Damaged.Errorf("damaged")}
	})
	here.running.Begin(func() embedding.Outcome {
		time.Sleep(50 * time.Millisecond)
		return embedding.Outcome{File: layout.File{Input: "done"}}
	})
	b := newBatch(queue, here, disk{tree}, systemClock{}, e, o)
	b.open["dead"], b.open["done"] = 1, 1
	return b
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

func TestTheBridgeReportsEveryFileThatIsFinished(t *testing.T) {
	for name, c := range map[string]struct {
		drained bool
		want    string
	}{
		"drained": {true, embedding.ErrInterrupted.Error()},
		"failed":  {false, "no model folder"}, // to embed the file that was taken back
	} {
		tree := layout.New(t.TempDir(), "test")
		b := bridged(t, tree, filepath.Join(t.TempDir(), "none"))
		b.add(layout.File{Input: "taken back"}, "", 0)
		if c.drained {
			b.embedder.Drain()
		}
		var got []string
		err := b.await(t.Context(), embedding.Reporter{
			Emit:   func(f layout.File) { got = append(got, f.Input) },
			Metric: func(string, int64) {}, Warn: func(string) {},
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || !slices.Equal(got, []string{"done"}) {
			t.Errorf("%s: error %v, emitted %q", name, err, got)
		}
		if l := deadInputs(t, tree.DeadLetters()); !slices.Equal(l, []string{"dead"}) {
			t.Errorf("%s: dead letters of %q", name, l)
		}
	}
}
