package job

import (
	"strings"
	"testing"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
)

func TestMixtureCountsWhatDoesNotGoTogether(t *testing.T) {
	model := &models.Folder{Name: "small", WeightsSHA: "a"}
	ours := chainfile.Fingerprint{Model: "small", WeightsSHA: "a", Precision: "fp32", Backend: "onnxruntime-cpu"}
	same, half, large := ours, ours, ours
	same.Backend = "sentence-transformers-mps"
	half.Precision = "bf16"
	large.Model, large.WeightsSHA = "large", "b"
	if got := mixture([]chainfile.Fingerprint{ours, same}, model, "fp32"); got != "" {
		t.Errorf("told of %q though all go together", got)
	}
	got := mixture([]chainfile.Fingerprint{half, same, large, half}, model, "fp32")
	if want := "of 4 earlier outputs that were read, 1 of another model (large), 2 in bf16; the others are of small in fp32: "; !strings.HasPrefix(got, want) {
		t.Errorf("got %q, want it to begin with %q", got, want)
	}
	if got := mixture([]chainfile.Fingerprint{half, same}, model, ""); !strings.Contains(got, "1 in fp32") {
		t.Errorf("a run that wrote nothing says %q of earlier outputs that differ", got)
	}
}
