package outputs

import (
	"github.com/threadloom/threadloom/transforms/layout"
)

// CountFiles counts the inputs and the outputs of some subreddits. That is how a run whose work other
// machines do knows its progress. Ten million files take a few seconds.
func CountFiles(tree layout.Layout, subreddits []string) (inputs, outputs int64, err error) {
	for _, name := range subreddits {
		in, err := layout.Count(tree.Inputs(name))
		if err != nil {
			return 0, 0, err
		}
		out, err := layout.Count(tree.Outputs(name))
		if err != nil {
			return 0, 0, err
		}
		inputs, outputs = inputs+in, outputs+out
	}
	return inputs, outputs, nil
}
