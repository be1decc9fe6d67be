package outputs

import "github.com/threadloom/threadloom/transforms/layout"

// Embedded lists the files of some subreddits whose outputs are there.
func Embedded(tree layout.Layout, subreddits []string) ([]layout.File, error) {
	var files []layout.File
	for _, subreddit := range subreddits {
		names, err := layout.Names(tree.Outputs(subreddit))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			files = append(files, tree.File(subreddit, name))
		}
	}
	return files, nil
}
