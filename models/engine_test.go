package models

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"
)

func openEngine(t *testing.T) *Engine {
	t.Helper()
	e, err := Shared(Config{Folder: filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2")})
	if err != nil {
		t.Fatalf("open the engine (did 'make setup' run?): %v", err)
	}
	return e
}

func TestEngineKeepsOrderAndLength(t *testing.T) {
	e := openEngine(t)
	texts := []string{"Bread needs time.", "", strings.Repeat("the moon rises over the ridge ", 80), "🍞", "Bread needs time."}
	r, err := e.Embed(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	d := e.Folder.Dimension
	if len(r.Vectors) != len(texts)*d {
		t.Fatalf("%d floats for %d texts", len(r.Vectors), len(texts))
	}
	for i := range texts {
		sum := 0.0
		for _, x := range r.Vectors[i*d : (i+1)*d] {
			sum += float64(x) * float64(x)
		}
		if math.Abs(sum-1) > 1e-5 {
			t.Errorf("text %d: squared length %v, want 1", i, sum)
		}
	}
	for j := range d {
		if diff := math.Abs(float64(r.Vectors[j] - r.Vectors[4*d+j])); diff > 1e-6 {
			t.Fatalf("the same text twice differs by %v", diff)
		}
	}
	if r.Tokens[1] != 2 || r.Tokens[2] != 256 || !r.Truncated[2] || r.Truncated[0] {
		t.Errorf("tokens %v, truncated %v", r.Tokens, r.Truncated)
	}
}

func TestEngineEndsCancelledJobs(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := openEngine(t).Embed(ctx, []string{"never embedded"}); err == nil {
		t.Fatal("a cancelled job gave a result")
	}
}

// openWith opens an engine of its own for a test.
func openWith(t *testing.T, c Config) *Engine {
	t.Helper()
	c.Folder = filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2")
	c.TokenBudget = defaultTokenBudget
	e, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func embed(t *testing.T, e *Engine, texts ...string) Result {
	t.Helper()
	r, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func cosine(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

func TestTheSameTextIsEmbeddedOnce(t *testing.T) {
	e := openWith(t, Config{DedupMB: 1})
	first := embed(t, e, "a cup of tea", "bread", "a cup of tea")
	if first.Reused != int64(first.Tokens[0]) {
		t.Errorf("%d tokens reused, want %d", first.Reused, first.Tokens[0])
	}
	again := embed(t, e, "bread")
	if again.Reused != int64(again.Tokens[0]) {
		t.Errorf("%d tokens reused in a later call, want %d", again.Reused, again.Tokens[0])
	}
	d := e.Folder.Dimension
	if c := cosine(first.Vectors[:d], first.Vectors[2*d:]); math.Abs(c-1) > 1e-6 {
		t.Errorf("cosine of the same text %v", c)
	}
}

func TestChunkReadsAllOfALongText(t *testing.T) {
	e := openWith(t, Config{LongText: Chunk})
	beginning := strings.Repeat("the moon rises over the ridge and we wait. ", 40)
	end := strings.Repeat("knead the dough, let it rest, bake it hot. ", 60)
	r := embed(t, e, beginning+end, beginning, end, "short")
	if r.Truncated[0] || r.Chunks[0] < 3 || r.Chunks[3] != 1 {
		t.Fatalf("chunks %v, truncated %v", r.Chunks, r.Truncated)
	}
	d := e.Folder.Dimension
	vector := func(i int) []float32 { return r.Vectors[i*d : (i+1)*d] }
	if c := cosine(vector(0), vector(0)); math.Abs(c-1) > 1e-5 {
		t.Errorf("squared length %v, want 1", c)
	}
	if toEnd := cosine(vector(0), vector(2)); toEnd < 0.7 {
		t.Errorf("cosine to the end alone %v: it was not read", toEnd)
	}
	short := embed(t, openEngine(t), "short")
	if c := cosine(short.Vectors, vector(3)); math.Abs(c-1) > 1e-5 {
		t.Errorf("a short text differs: cosine %v", c)
	}
}

func TestAPromptIsPutBeforeTheText(t *testing.T) {
	for _, longText := range []string{Truncate, Chunk} {
		e := openWith(t, Config{Prompt: "query: ", LongText: longText})
		long := strings.Repeat("the moon rises over the ridge ", 80)
		got := embed(t, e, "tea", long)
		want := embed(t, openEngine(t), "query: tea", "query: "+long)
		d := e.Folder.Dimension
		if c := cosine(got.Vectors[:d], want.Vectors[:d]); math.Abs(c-1) > 1e-6 {
			t.Errorf("%s: cosine %v", longText, c)
		}
		if c := cosine(got.Vectors[d:], want.Vectors[d:]); longText == Truncate && math.Abs(c-1) > 1e-6 {
			t.Errorf("%s: cosine of a long text %v", longText, c)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string
	}{
		{Config{Precision: FP16}, "there is no fp16 on cpu"},
		{Config{Precision: BF16, Library: "/nowhere/lib.so"}, "bf16 on cpu: "},
		{Config{Accelerator: CUDA, Library: "/nowhere/lib.so"}, "on cuda: no "},
	} {
		_, err := Open(c.config)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want one with %q", c.config, err, c.want)
		}
	}
}

// This needs no GPU: with the CPU as the device, bound inputs must give the same vectors
// as a plain run.
func TestBoundInputsGiveTheSameVectors(t *testing.T) {
	e := openEngine(t)
	texts := []string{"Bread needs time.", "The moon rises over the ridge.", "a"}
	want, err := e.Embed(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	bound := session{ort: e.session.ort, dimension: e.session.dimension, device: true}
	for i, text := range texts {
		tokens, err := e.tokens.encode(text)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		err = bound.run(tokens.sequences, func(_ int, vector []float32) {
			rows++
			if c := worstCosine([][]float32{vector}, [][]float32{want.Vectors[i*len(vector) : (i+1)*len(vector)]}); c < 1-1e-6 {
				t.Errorf("text %d: cosine %v between bound and plain", i, c)
			}
		})
		if err != nil || rows != 1 {
			t.Fatalf("text %d: %d vectors, error %v", i, rows, err)
		}
	}
}
