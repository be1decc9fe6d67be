package embedding

import (
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/version"
)

// Wanted returns what the fingerprints of a model's outputs say. Precision is empty
// where it is measured which one to take: any will do.
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

// fingerprint returns that of an output whose input was read to its end.
func fingerprint(e *models.Engine, in *chainfile.Reader) chainfile.Fingerprint {
	f := Wanted(e.Folder, models.Config{LongText: e.LongText(), Prompt: e.Prompt(), Precision: e.Backend.Precision})
	f.Backend = e.Backend.Name
	f.TextsSHA = in.TextsSHA256()
	f.InputRows, f.InputSize, f.InputModTime = in.Rows, in.Size, in.ModTime.UTC().Format(time.RFC3339Nano)
	return f
}
