package main

import (
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms/chainfile"
)

func TestOthersCountsWhatDoesNotGoTogether(t *testing.T) {
	ours := chainfile.Fingerprint{Model: "small", WeightsSHA: "a", Precision: "fp32", Backend: "onnxruntime-cpu"}
	same, half, large := ours, ours, ours
	same.Backend = "sentence-transformers-mps"
	half.Precision = "bf16"
	large.Model, large.WeightsSHA = "large", "b"
	if got := others([]chainfile.Fingerprint{ours, same}, ours); got != "" {
		t.Errorf("told of %q though all go together", got)
	}
	got := others([]chainfile.Fingerprint{half, same, large, half}, ours)
	if want := "earlier outputs, 4 looked at: 1 of another model (large), 2 in bf16; this run writes small in fp32: "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}
}
