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
	e, err := Shared(Config{Folder: filepath.Join(repositoryRoot(), "build", "models", "all-MiniLM-L6-v2")})
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
