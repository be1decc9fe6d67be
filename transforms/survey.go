package transforms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/rooted"
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
	todo      []string // names of the missing, stale and corrupt ones
}

// Todo returns how many files are to be embedded.
func (s Survey) Todo() int { return len(s.todo) }

// TakeSurvey looks at all files of some subreddits, as Expand and Filter do, and writes
// nothing. The surveys are in the order of the subreddits.
func TakeSurvey(ctx context.Context, tree layout.Layout, subreddits []string, o CheckOptions) ([]Survey, error) {
	check, err := o.checker(tree)
	if err != nil {
		return nil, err
	}
	surveys := make([]Survey, len(subreddits))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cap(directoryScans))
	for i, subreddit := range subreddits {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			names, err := layout.Names(tree.Inputs(subreddit))
			if err != nil {
				return err
			}
			s := classifyFolder(layout.Folder{Subreddit: subreddit, Names: names}, tree, check)
			if s.err != nil {
				return s.err
			}
			surveys[i] = Survey{
				Subreddit: subreddit, Files: len(names), Done: len(s.done), Missing: len(s.missing),
				Stale: s.stale, Corrupt: len(s.anew) - s.stale, todo: append(s.missing, s.anew...),
			}
			slices.Sort(surveys[i].todo)
			return nil
		})
	}
	return surveys, group.Wait()
}

// Measure reads the footers of the inputs that are to be embedded, or of mostFooters of
// them, evenly chosen, and texts of some of these. It returns a part for each survey.
func Measure(tree layout.Layout, surveys []Survey, o EmbedOptions, mostFooters int) []Part {
	parts := make([]Part, len(surveys))
	todo, working := 0, 0
	for _, s := range surveys {
		todo += s.Todo()
		working += min(1, s.Todo())
	}
	seen := 0
	for i, s := range surveys {
		parts[i] = Part{Files: s.Todo()}
		if s.Todo() == 0 {
			continue
		}
		parts[i].read(tree, s, o, atLeastOne(s.Todo(), mostFooters, todo))
		// Where there are more subreddits than files in the sample, some have none in it.
		if seen*sampleFiles/working != (seen+1)*sampleFiles/working {
			parts[i].sample(tree, s, o, max(1, sampleFiles/working))
		}
		seen++
	}
	return parts
}

// atLeastOne returns the share of n that most is of all.
func atLeastOne(n, most, all int) int {
	if all <= most {
		return n
	}
	return max(1, n*most/all)
}

// read reads the footers of count files.
func (p *Part) read(tree layout.Layout, s Survey, o EmbedOptions, count int) {
	rows := make([]int64, count)
	inflight.Each(count, footerReads, func(i int) { rows[i] = rowsOf(tree.Inputs(s.Subreddit).Join(evenly(s.todo, i, count)), o) })
	p.Read = count
	for _, n := range rows {
		if n < 0 {
			p.Unreadable++
			continue
		}
		p.Rows += n
	}
}

// rowsOf returns the rows of an input, -1 where it cannot be embedded.
func rowsOf(input rooted.Path, o EmbedOptions) (rows int64) {
	defer func() {
		if recover() != nil { // of the Parquet library
			rows = -1
		}
	}()
	in, err := chainfile.Open(input, o.TextColumn, o.Keep)
	if err != nil {
		return -1
	}
	rows = in.Rows
	if in.Close() != nil {
		return -1
	}
	return rows
}

// evenly returns the i-th of count of the names, evenly chosen.
func evenly(names []string, i, count int) string { return names[i*len(names)/count] }

const (
	sampleFiles = 64 // files whose texts are in the sample, all together
	sampleTexts = 16 // texts of each
)

// sample reads texts of up to count files, from the first rows of each.
func (p *Part) sample(tree layout.Layout, s Survey, o EmbedOptions, count int) {
	count = min(count, s.Todo())
	for i := range count {
		texts, rows, err := someTexts(tree.Inputs(s.Subreddit).Join(evenly(s.todo, i, count)), o)
		if err == nil && len(texts) > 0 {
			p.Samples = append(p.Samples, Sample{Rows: rows, Texts: texts})
		}
	}
}

// someTexts returns texts of the first chunk of an input, evenly chosen, and its rows.
func someTexts(input rooted.Path, o EmbedOptions) (texts []string, rows int64, err error) {
	defer func() {
		if p := recover(); p != nil { // of the Parquet library
			err = fmt.Errorf("panic while reading %s: %v", input.Path, p)
		}
	}()
	in, err := chainfile.Open(input, o.TextColumn, o.Keep)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = in.Close() }() // only read
	chunk, err := in.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	count := min(sampleTexts, len(chunk.Texts))
	for i := range count {
		texts = append(texts, evenly(chunk.Texts, i, count))
	}
	return texts, in.Rows, nil
}
