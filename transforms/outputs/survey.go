package outputs

import (
	"context"
	"slices"

	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
	"golang.org/x/sync/errgroup"
)

// Survey is what a scan found of one subreddit, and what is to be done there.
type Survey struct {
	Subreddit string
	Files     int // inputs
	Done      int
	Missing   int
	Stale     int
	Corrupt   int
	Todo      []string // names of the missing, stale and corrupt ones
}

// TakeSurvey looks at all files of some subreddits, as Expand and Filter do, and writes
// nothing. The surveys are in the order of the subreddits.
func TakeSurvey(ctx context.Context, reads inflight.Reads, tree layout.Layout, subreddits []string, o CheckOptions) ([]Survey, error) {
	check, err := o.Checker(reads, tree)
	if err != nil {
		return nil, err
	}
	surveys := make([]Survey, len(subreddits))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(reads.Folders))
	for i, subreddit := range subreddits {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			names, err := layout.Names(tree.Inputs(subreddit))
			if err != nil {
				return err
			}
			s := check.ClassifyFolder(layout.Folder{Subreddit: subreddit, Names: names})
			if s.Err != nil {
				return s.Err
			}
			surveys[i] = Survey{
				Subreddit: subreddit, Files: len(names), Done: len(s.Done), Missing: len(s.Missing),
				Stale: s.Stale, Corrupt: len(s.Anew) - s.Stale, Todo: append(s.Missing, s.Anew...),
			}
			slices.Sort(surveys[i].Todo)
			return nil
		})
	}
	return surveys, group.Wait()
}
