package transforms

import (
	"errors"
	"fmt"
	"os"

	"github.com/threadloom/threadloom/transforms/dirscan"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Standing counts the inputs of some subreddits and the outputs that are there, in a
// few seconds for ten million: how far a run is whose work other machines do.
func Standing(layout Layout, subreddits []string) (inputs, outputs int64, err error) {
	for _, name := range subreddits {
		in, err := countChains(layout.inputs(name))
		if err != nil {
			return 0, 0, err
		}
		out, err := countChains(layout.outputs(name))
		if err != nil {
			return 0, 0, err
		}
		inputs, outputs = inputs+in, outputs+out
	}
	return inputs, outputs, nil
}

// countChains counts the Parquet files of a folder; one that is not there has none.
func countChains(folder rooted.Path) (n int64, err error) {
	err = dirscan.Scan(folder, func(name []byte, regular bool) {
		if regular && isChainsName(name) {
			n++
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("counting the files: %w", err)
	}
	return n, nil
}
