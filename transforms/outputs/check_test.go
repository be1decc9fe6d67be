package outputs

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// wanted is a fingerprint that a run wants.
var wanted = chainfile.Fingerprint{
	Model: "m", WeightsSHA: "w", ModelSHA: "g", TokenizerSHA: "t", Pooling: "mean", Normalized: true,
	MaxSeqLength: 256, Dimension: 2, Precision: "fp32", LongText: "truncate",
}

func TestDifferenceTellsWhatMattersForVectors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(got, want *chainfile.Fingerprint)
		same   bool
	}{
		"nothing":                {func(_, _ *chainfile.Fingerprint) {}, true},
		"what ran it":            {func(got, _ *chainfile.Fingerprint) { got.Backend, got.ModelSHA, got.Version = "x", "x", "x" }, true},
		"weights":                {func(got, _ *chainfile.Fingerprint) { got.WeightsSHA = "x" }, false},
		"graph, no weights' sum": {func(got, want *chainfile.Fingerprint) { got.WeightsSHA, want.WeightsSHA, got.ModelSHA = "", "", "x" }, false},
		"tokenizer":              {func(got, _ *chainfile.Fingerprint) { got.TokenizerSHA = "x" }, false},
		"length":                 {func(got, _ *chainfile.Fingerprint) { got.MaxSeqLength = 128 }, false},
		"precision":              {func(got, _ *chainfile.Fingerprint) { got.Precision = "bf16" }, false},
		"precision, any wanted":  {func(got, want *chainfile.Fingerprint) { got.Precision, want.Precision = "bf16", "" }, true},
		"long texts":             {func(got, _ *chainfile.Fingerprint) { got.LongText = "chunk" }, false},
		"prompt":                 {func(got, _ *chainfile.Fingerprint) { got.Prompt = "query: " }, false},
		"none":                   {func(got, _ *chainfile.Fingerprint) { *got = chainfile.Fingerprint{} }, false},
	} {
		got, want := wanted, wanted
		c.change(&got, &want)
		if why := difference(got, want); (why == "") != c.same {
			t.Errorf("%s: %q", name, why)
		}
	}
}

// writeOutput writes an output of rows rows with a fingerprint, and its input.
func writeOutput(t *testing.T, tree layout.Layout, file layout.File, rows int, mark chainfile.Fingerprint) {
	t.Helper()
	type chain struct {
		Text string `parquet:"text"`
	}
	touch(t, file.Input)
	if err := parquet.WriteFile(file.Input, slices.Repeat([]chain{{"a text"}}, rows)); err != nil {
		t.Fatal(err)
	}
	in, err := chainfile.Open(tree.Input(file), "text", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := chainfile.Start(tree.Output(file))
	if err != nil {
		t.Fatal(err)
	}
	out.Begin(in, false)
	chunk, err := in.Next()
	if err == nil {
		err = out.Write(chunk, chainfile.Embeddings{Vectors: make([]float32, 2*rows), Tokens: make([]int32, rows), Truncated: make([]bool, rows)})
	}
	if err != nil {
		t.Fatal(err)
	}
	mark.InputRows, mark.InputSize = in.Rows, in.Size
	mark.InputModTime = in.ModTime.UTC().Format(time.RFC3339Nano)
	if err := out.Commit(mark); err != nil {
		t.Fatal(err)
	}
}

func TestACheckSortsOutStaleAndCorruptOutputs(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	for _, name := range []string{"done", "cut", "bf16", "touched", "grown"} {
		mark := wanted
		if name == "bf16" {
			mark.Precision = "bf16"
		}
		writeOutput(t, tree, tree.File("tea", name+".parquet"), 3, mark)
	}
	touch(t, tree.File("tea", "new.parquet").Input)
	cut := tree.File("tea", "cut.parquet").Output
	if err := os.Truncate(cut, 100); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(tree.File("tea", "touched.parquet").Input, later, later); err != nil {
		t.Fatal(err)
	}
	grown := tree.File("tea", "grown.parquet").Input
	info, err := os.Stat(grown)
	if err == nil {
		err = os.WriteFile(grown, make([]byte, 4000), 0o666)
	}
	if err == nil {
		err = os.Chtimes(grown, info.ModTime(), info.ModTime())
	}
	if err != nil {
		t.Fatal(err)
	}
	names, err := layout.Names(tree.Inputs("tea"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[string]struct {
		done, anew int
		stale      int
	}{
		"":               {5, 0, 0},
		CheckExists:      {5, 0, 0},
		CheckFooter:      {4, 1, 0},
		CheckFingerprint: {1, 4, 3},
	} {
		s := Checker{inflight.NewReads(), kind, wanted, tree}.ClassifyFolder(layout.Folder{Subreddit: "tea", Names: names})
		if s.Err != nil || len(s.Done) != want.done || len(s.Anew) != want.anew || s.Stale != want.stale || len(s.Missing) != 1 {
			t.Errorf("--check=%s: done %v, anew %v, stale %d, missing %v, error %v", kind, s.Done, s.Anew, s.Stale, s.Missing, s.Err)
		}
	}
}

func TestAnOutputThatWasDeletedIsMissingAndNotCorrupt(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	if err := os.MkdirAll(tree.Embeddings, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{CheckFooter, CheckFingerprint} {
		if state, why := (Checker{kind: kind, tree: tree}).look(tree.File("tea", "gone.parquet")); state != missing {
			t.Errorf("%s: state %d: %s", kind, state, why)
		}
	}
}
