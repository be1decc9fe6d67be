package transforms

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/testing/ptest"
	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
)

func TestMain(m *testing.M) {
	ptest.MainWithDefault(m, "prism")
}

type chain struct {
	ID   string  `parquet:"chain_id"`
	N    *int64  `parquet:"n_turns,optional"`
	Text *string `parquet:"text,optional"`
}

type embedded struct {
	ID        string    `parquet:"chain_id"`
	N         *int64    `parquet:"n_turns,optional"`
	Tokens    int32     `parquet:"n_tokens"`
	Truncated bool      `parquet:"truncated"`
	Embedding []float32 `parquet:"embedding,list"`
}

func ptr[T any](v T) *T { return &v }

// embedAll runs expand → filter → embed over one subreddit on Prism.
func embedAll(t *testing.T, root string) layout.Layout {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	model := filepath.Join(filepath.Dir(here), "..", "build", "models", "all-MiniLM-L6-v2")
	tree := layout.New(root, "test")
	p, s := beam.NewPipelineWithRoot()
	missing, _ := Filter(s, tree, outputs.CheckOptions{}, Expand(s, tree, beam.Create(s, "baking")))
	local, _ := Partition(s, PartitionOptions{}, missing)
	Embed(s, embedding.Options{Model: models.Config{Folder: model}, TextColumn: "text", Layout: tree}, local)
	if err := ptest.Run(p); err != nil {
		t.Fatal(err)
	}
	return tree
}

func writeChains(t *testing.T, path string, rows []chain) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(path, rows); err != nil {
		t.Fatal(err)
	}
}

func TestEmbedKeepsRowsAndSetsBadFilesAside(t *testing.T) {
	root := t.TempDir()
	in := layout.New(root, "test").File("baking", "part-0.parquet")
	rows := []chain{{"a", ptr(int64(2)), ptr("Fold the dough.")}, {"b", nil, nil}, {"c", ptr(int64(1)), ptr("")}}
	writeChains(t, in.Input, rows)
	bad := filepath.Join(filepath.Dir(in.Input), "bad.parquet")
	for name, content := range map[string]string{bad: "PAR1 and nothing else", filepath.Join(filepath.Dir(bad), "zero.parquet"): "", filepath.Join(filepath.Dir(bad), "._part.parquet"): "x"} {
		if err := os.WriteFile(name, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tree := embedAll(t, root)

	got, err := parquet.ReadFile[embedded](in.Output)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(rows) {
		t.Fatalf("%d rows out, %d in", len(got), len(rows))
	}
	for i, row := range got {
		if row.ID != rows[i].ID || len(row.Embedding) != 384 {
			t.Errorf("row %d: id %s with %d floats", i, row.ID, len(row.Embedding))
		}
	}
	if got[1].N != nil || *got[0].N != 2 || got[1].Tokens != 2 {
		t.Errorf("kept columns are wrong: %+v", got[1])
	}
	letters, err := os.ReadFile(tree.DeadLetters())
	if err != nil {
		t.Fatal(err)
	}
	if n := countLines(letters); n != 2 {
		t.Errorf("%d dead letters, want 2:\n%s", n, letters)
	}

	// Once they are mended, the next run embeds them, and leaves nothing over.
	writeChains(t, bad, rows)
	writeChains(t, filepath.Join(filepath.Dir(bad), "zero.parquet"), nil)
	embedAll(t, root)
	if err := deadletter.Compact(tree); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(tree.DeadLetters()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("dead letters are left: %v", err)
	}
	entries, err := os.ReadDir(filepath.Dir(in.Output))
	if err != nil || len(entries) != 3 {
		t.Errorf("output folder holds %v, error %v, want 3 files", entries, err)
	}
}

func countLines(b []byte) (n int) {
	for _, c := range b {
		if c == '\n' {
			n++
		}
	}
	return n
}
