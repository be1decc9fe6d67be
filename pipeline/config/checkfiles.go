package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inputs"
)

// mostNamed bounds the names in an error.
const mostNamed = 40

// checkBridged refuses a subreddit of --mps_subreddits that is neither in the list nor has a
// folder: it is misspelt, and its files would not go to the workers.
func (c *Config) checkBridged() error {
	for _, name := range c.MPSSubreddits {
		if slices.Contains(c.Names, name) {
			continue
		}
		if _, err := os.Stat(filepath.Join(c.Layout().Chains, name)); err != nil {
			return Usagef("--mps_subreddits: the list of subreddits has no %q%s", name, DidYouMean(name, c.Names))
		}
	}
	return nil
}

// checkKept refuses a column of --keep that no chains file has: it is misspelt, and the
// outputs would lack it. A column that only some files have is fine.
func (c *Config) checkKept() error {
	written := []string{chainfile.TokensColumn, chainfile.TruncatedColumn, chainfile.ChunksColumn, chainfile.EmbeddingColumn}
	wanted := slices.DeleteFunc(slices.Clone(c.Keep), func(name string) bool { return slices.Contains(written, name) })
	if len(wanted) == 0 {
		return nil
	}
	search := inputs.FindColumns(transforms.ThisProcess().Reads, c.Layout(), c.Names, wanted)
	if len(search.Missing) == 0 || search.Read == 0 {
		return nil // without a file that can be read there is nothing to compare with
	}
	there := slices.DeleteFunc(search.Columns, func(name string) bool { return name == c.TextColumn || slices.Contains(written, name) })
	files := fmt.Sprintf("%d chains files", search.Read)
	if search.Read < search.Files {
		files = fmt.Sprintf("%d chains files that were read, of %d,", search.Read, search.Files)
	}
	wrong := search.Missing[0]
	return Usagef("--keep: none of the %s has a scalar column %q%s: they have %s", files, wrong, DidYouMean(wrong, there), quoted(there))
}

// quoted lists names from outside, so that they stay on one line.
func quoted(names []string) string {
	said := make([]string, 0, mostNamed+1)
	for _, name := range names[:min(len(names), mostNamed)] {
		said = append(said, fmt.Sprintf("%q", name))
	}
	if more := len(names) - mostNamed; more > 0 {
		said = append(said, fmt.Sprintf("and %d more", more))
	}
	if len(said) == 0 {
		return "none to keep"
	}
	return strings.Join(said, ", ")
}
