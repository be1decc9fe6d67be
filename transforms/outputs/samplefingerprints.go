package outputs

import (
	"errors"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// SampleFingerprints returns the fingerprints of existing outputs: of one file in each
// subreddit, and in at most most subreddits, evenly chosen. It skips outputs that it cannot read.
func SampleFingerprints(tree layout.Layout, subreddits []string, most int) []chainfile.Fingerprint {
	var fingerprints []chainfile.Fingerprint
	step := max(1, (len(subreddits)+most-1)/most)
	for i := 0; i < len(subreddits); i += step {
		folder := tree.Outputs(subreddits[i])
		name, err := firstName(folder)
		if err != nil {
			continue
		}
		if out, err := chainfile.ReadOutput(folder.Join(name)); err == nil {
			fingerprints = append(fingerprints, out.Fingerprint)
		}
	}
	return fingerprints
}

// firstName returns the name of one file of a folder, without reading all of it.
func firstName(folder rooted.Path) (name string, err error) {
	f, err := folder.Open()
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for {
		names, err := f.Readdirnames(64)
		for _, name := range names {
			if layout.IsChainsName([]byte(name)) {
				return name, nil
			}
		}
		if err != nil {
			return "", err // io.EOF if there is none
		}
	}
}
