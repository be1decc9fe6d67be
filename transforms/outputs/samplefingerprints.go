package outputs

import (
	"errors"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// SampleFingerprints returns the fingerprints of outputs that are there already: of one file
// of each subreddit, and of no more than most subreddits, evenly chosen. Outputs
// that cannot be read are passed over.
func SampleFingerprints(tree layout.Layout, subreddits []string, most int) []chainfile.Fingerprint {
	var marks []chainfile.Fingerprint
	step := max(1, (len(subreddits)+most-1)/most)
	for i := 0; i < len(subreddits); i += step {
		folder := tree.Outputs(subreddits[i])
		name, err := firstName(folder)
		if err != nil {
			continue
		}
		if mark, err := chainfile.ReadFingerprint(folder.Join(name)); err == nil {
			marks = append(marks, mark)
		}
	}
	return marks
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
			return "", err // io.EOF where there is none
		}
	}
}
