package transforms

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/dirscan"
)

func init() {
	register.DoFn4x1[context.Context, Folder, func(File), func(File), error](&filterFn{})
	register.Emitter1[File]()
}

var (
	filesMissing = NewCounter("files_missing")
	filesSkipped = NewCounter("files_skipped")
)

// Filter looks up which files have an output already: it turns a
// PCollection<Folder> into two PCollection<File>, the missing ones and the done ones.
// It also removes what killed runs left unfinished in the output folders.
func Filter(s beam.Scope, layout Layout, folders beam.PCollection) (missing, done beam.PCollection) {
	s = s.Scope("transforms.Filter")
	return beam.ParDo2(s, &filterFn{Layout: layout}, folders)
}

type filterFn struct {
	Layout Layout

	sortings ahead[sorting]
}

// sorting is what became of one folder.
type sorting struct {
	subreddit     string
	missing, done []string // names
	swept         int      // unfinished files that were removed
	err           error
}

func (f *filterFn) StartBundle(_, _ func(File)) {}

func (f *filterFn) ProcessElement(ctx context.Context, folder Folder, missing, done func(File)) error {
	f.sortings.start(scans, func() sorting { return sortOut(folder, f.outputs(folder.Subreddit)) })
	return f.flush(ctx, f.sortings.take(), missing, done)
}

func (f *filterFn) FinishBundle(ctx context.Context, missing, done func(File)) error {
	return f.flush(ctx, f.sortings.rest(), missing, done)
}

func (f *filterFn) outputs(subreddit string) string {
	return filepath.Join(f.Layout.Embeddings, subreddit)
}

func (f *filterFn) flush(ctx context.Context, sortings []sorting, missing, done func(File)) error {
	for _, s := range sortings {
		if s.err != nil {
			if err := folderDied(ctx, f.Layout.DeadLetters(), "filter", f.outputs(s.subreddit), s.err); err != nil {
				return err
			}
			continue
		}
		if s.swept > 0 {
			log.Infof(ctx, "removed %d unfinished files of an earlier run from %s", s.swept, f.outputs(s.subreddit))
		}
		filesMissing.Inc(ctx, int64(len(s.missing)))
		filesSkipped.Inc(ctx, int64(len(s.done)))
		f.Layout.each(s.subreddit, s.missing, missing)
		f.Layout.each(s.subreddit, s.done, done)
	}
	return nil
}

// sortOut tells which names of a folder have an output in the folder outputs, with
// one pass over its entries.
func sortOut(folder Folder, outputs string) sorting {
	s := sorting{subreddit: folder.Subreddit}
	var unfinished []string
	exists := make(map[string]bool, len(folder.Names))
	for _, name := range folder.Names {
		exists[name] = false
	}
	err := dirscan.Scan(outputs, func(name []byte, regular bool) {
		if !regular {
			return
		}
		if chainfile.IsUnfinished(name) {
			unfinished = append(unfinished, string(name))
		} else if _, ok := exists[string(name)]; ok { // no copy is made to look it up
			exists[string(name)] = true
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.err = fmt.Errorf("listing the outputs: %w", err)
		return s
	}
	s.swept = chainfile.Sweep(outputs, unfinished)
	s.missing = make([]string, 0, len(folder.Names))
	for _, name := range folder.Names {
		if exists[name] {
			s.done = append(s.done, name)
		} else {
			s.missing = append(s.missing, name)
		}
	}
	slices.Sort(s.missing)
	return s
}
