package outputs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// The values of --check: how closely existing outputs are checked.
const (
	CheckExists      = "exists"      // an existing output is done
	CheckFooter      = "footer"      // a corrupt output is replaced
	CheckFingerprint = "fingerprint" // so is an output of another model, with other settings, or of another input
)

// Checks returns the values of --check.
func Checks() []string { return []string{CheckExists, CheckFooter, CheckFingerprint} }

// CheckOptions say how closely existing outputs are checked. The zero value is CheckExists.
type CheckOptions struct {
	Kind  string
	Model models.Config // the model that outputs should be of
}

// state is the state of an output.
type state int

const (
	done state = iota
	missing
	stale   // of another model, with other settings, or of another input
	corrupt // not a readable Parquet file, or not as many rows as its fingerprint says
)

// Checker checks existing outputs.
type Checker struct {
	reads inflight.Reads
	kind  string
	want  chainfile.Fingerprint
	tree  layout.Layout
}

// Checker returns a checker of the outputs of a run. To compare fingerprints it reads the model folder.
func (o CheckOptions) Checker(reads inflight.Reads, tree layout.Layout) (Checker, error) {
	c := Checker{reads: reads, kind: o.Kind, tree: tree}
	if o.Kind != CheckFingerprint {
		return c, nil
	}
	folder, err := models.Check(o.Model)
	if err != nil {
		return c, err
	}
	c.want = embedding.Wanted(folder, o.Model)
	return c, nil
}

// classifyDone checks the outputs of a folder that exist, and moves the names of those that must be
// replaced out of Done.
func (c Checker) classifyDone(s *Classification) {
	if c.kind == "" || c.kind == CheckExists || len(s.Done) == 0 {
		return
	}
	states := make([]state, len(s.Done))
	inflight.Each(len(s.Done), c.reads.Footers, func(i int) {
		states[i], _ = c.look(c.tree.File(s.Subreddit, s.Done[i]))
	})
	wanted := s.Done[:0]
	for i, name := range s.Done {
		switch states[i] {
		case done:
			wanted = append(wanted, name)
		case stale:
			s.Stale++
			s.Anew = append(s.Anew, name)
		case corrupt:
			s.Anew = append(s.Anew, name)
		case missing: // deleted since the folder was read
			s.Missing = append(s.Missing, name)
		}
	}
	s.Done = wanted
	slices.Sort(s.Anew)
}

// look reports the state of an output, with the reason if it is not done.
func (c Checker) look(file layout.File) (found state, why string) {
	defer func() { // of the Parquet library
		if p := recover(); p != nil {
			found, why = corrupt, fmt.Sprintf("reading the footer: %v", p)
		}
	}()
	out, err := chainfile.ReadOutput(c.tree.Output(file))
	return c.classify(file, out, err)
}

// classify reports the state of an output from its footer, with the reason if it is not done.
func (c Checker) classify(file layout.File, out chainfile.Output, err error) (found state, why string) {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return missing, "there is none"
	case err != nil:
		return corrupt, err.Error()
	case out.Fingerprinted && out.Rows != out.Fingerprint.InputRows:
		return corrupt, fmt.Sprintf("it has %d rows instead of %d", out.Rows, out.Fingerprint.InputRows)
	case c.kind == CheckFooter:
		return done, ""
	case !out.Fingerprinted:
		return stale, "it has no fingerprint"
	}
	if why := difference(out.Fingerprint, c.want); why != "" {
		return stale, why
	}
	info, err := c.tree.Input(file).Stat()
	if err != nil {
		return done, "" // gone since the folder was read: there is nothing to embed
	}
	if why := inputDifference(out.Fingerprint, info); why != "" {
		return stale, why
	}
	return done, ""
}

// difference says how the making of an output differs from what is wanted. It returns "" if nothing
// differs that changes vectors: back end and graph do not change them.
func difference(got, want chainfile.Fingerprint) string {
	switch {
	case got.WeightsSHA != want.WeightsSHA, want.WeightsSHA == "" && got.ModelSHA != want.ModelSHA:
		return fmt.Sprintf("it was made by another model (%s)", got.Model)
	case got.TokenizerSHA != want.TokenizerSHA, got.MaxSeqLength != want.MaxSeqLength,
		got.Pooling != want.Pooling, got.Normalized != want.Normalized, got.Dimension != want.Dimension:
		return "it was made with other settings of the model"
	case want.Precision != "" && got.Precision != want.Precision:
		return fmt.Sprintf("it is in %s, not in %s", got.Precision, want.Precision)
	case got.LongText != want.LongText:
		return fmt.Sprintf("its long texts were treated differently (%s, not %s)", got.LongText, want.LongText)
	case got.Prompt != want.Prompt:
		return fmt.Sprintf("its prompt was %q, not %q", got.Prompt, want.Prompt)
	}
	return ""
}

// clockStep is by how much the time of one file may differ between two machines, because
// network file systems round it.
const clockStep = time.Microsecond

// inputDifference says how an input differs from the one that the output was made from.
func inputDifference(got chainfile.Fingerprint, info os.FileInfo) string {
	if got.InputSize != info.Size() {
		return fmt.Sprintf("the input has %d bytes, it had %d", info.Size(), got.InputSize)
	}
	made, err := time.Parse(time.RFC3339Nano, got.InputModTime)
	if err != nil || info.ModTime().Sub(made).Abs() > clockStep {
		return "the input has changed since"
	}
	return ""
}
