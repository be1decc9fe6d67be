package transforms

// Embedded lists the files of some subreddits whose outputs are there.
func Embedded(layout Layout, subreddits []string) ([]File, error) {
	var files []File
	for _, subreddit := range subreddits {
		names, err := chainsNames(layout.outputs(subreddit))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			files = append(files, layout.file(subreddit, name))
		}
	}
	return files, nil
}
