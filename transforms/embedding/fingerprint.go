package embedding

import (
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/version"
)

// Wanted returns the part of a fingerprint that all outputs of a model have in common. Its precision
// is empty if the engine is to measure which precision is fastest, because then any will do.
func Wanted(m *models.Folder, config models.Config) chainfile.Fingerprint {
	want := chainfile.Fingerprint{
		Version: version.Version, Model: m.Name, ModelSHA: m.GraphSHA, WeightsSHA: m.WeightsSHA, TokenizerSHA: m.TokenizerSHA,
		Pooling: m.Pooling, Normalized: m.Normalized, MaxSeqLength: m.MaxSeqLength, Dimension: m.Dimension,
		Precision: config.Precision, LongText: config.LongText, Prompt: config.Prompt,
	}
	if want.Precision == models.Auto {
		want.Precision = ""
	}
	return want
}

// fingerprint returns the fingerprint of an output after its whole input was read.
func fingerprint(e *models.Engine, in *chainfile.Reader) chainfile.Fingerprint {
	f := Wanted(e.Folder, models.Config{LongText: e.LongText(), Prompt: e.Prompt(), Precision: e.Backend.Precision})
	f.Backend = e.Backend.Name
	f.TextsSHA = in.TextsSHA256()
	f.InputRows, f.InputSize, f.InputModTime = in.Rows, in.Size, in.ModTime.UTC().Format(time.RFC3339Nano)
	return f
}
