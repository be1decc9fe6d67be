package transforms

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/dirscan"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() {
	beam.RegisterType(reflect.TypeFor[layout.File]())
	register.DoFn4x1[context.Context, layout.Folder, func(layout.File), func(layout.File), error](&filterFn{})
	register.Emitter1[layout.File]()
}

// Filter looks up which files have an output already, and, if asked to, whether it is
// one that is wanted: it turns a PCollection<Folder> into two PCollection<File>, those
// to be embedded and the done ones. It also removes what killed runs left unfinished in
// the output folders.
func Filter(s beam.Scope, tree layout.Layout, o CheckOptions, folders beam.PCollection) (missing, done beam.PCollection) {
	s = s.Scope("transforms.Filter")
	return beam.ParDo2(s, &filterFn{Layout: tree, Options: o}, folders)
}

type filterFn struct {
	Layout  layout.Layout
	Options CheckOptions

	checker         checker
	classifications inflight.Group[classification]
}

// classification is what became of one folder.
type classification struct {
	subreddit     string
	missing, done []string // names
	anew          []string // names of those whose output is stale or corrupt
	stale         int      // how many of them are stale
	unfinished    []string // names in the output folder
	crashNotes    []string // names in the output folder
	// crashes is by name how many processes ended without finishing the output
	crashes map[string]int
	err     error
}

func (f *filterFn) Setup() (err error) {
	if f.checker, err = f.Options.checker(f.Layout); err != nil {
		return onHost(err)
	}
	return nil
}

func (f *filterFn) StartBundle(_, _ func(layout.File)) {}

func (f *filterFn) ProcessElement(ctx context.Context, folder layout.Folder, missing, done func(layout.File)) error {
	f.classifications.Start(directoryScans, func() classification {
		s := classifyFolder(folder, f.Layout, f.checker)
		marks := chainfile.Sweep(f.Layout.Outputs(folder.Subreddit), s.unfinished)
		s.countCrashes(f.Layout.Outputs(folder.Subreddit), marks)
		return s
	})
	return f.flush(ctx, f.classifications.Take(), missing, done)
}

func (f *filterFn) FinishBundle(ctx context.Context, missing, done func(layout.File)) error {
	return f.flush(ctx, f.classifications.Rest(), missing, done)
}

func (f *filterFn) flush(ctx context.Context, classifications []classification, missing, done func(layout.File)) error {
	missing = addingToWorkload(missing)
	for _, s := range classifications {
		if s.err != nil {
			if err := setFolderAside(ctx, f.Layout.DeadLetters(), "filter", f.Layout.Outputs(s.subreddit).Path, s.err); err != nil {
				return err
			}
			continue
		}
		s.tellCrashes(ctx)
		open := func(file layout.File) {
			file.Crashes = s.crashes[filepath.Base(file.Input)]
			missing(file)
		}
		thisProcess.Count(ctx, counters.FilesMissing, int64(len(s.missing)+len(s.anew)))
		thisProcess.Count(ctx, counters.FilesStale, int64(s.stale))
		thisProcess.Count(ctx, counters.FilesCorrupt, int64(len(s.anew)-s.stale))
		thisProcess.Count(ctx, counters.FilesSkipped, int64(len(s.done)))
		f.Layout.Each(s.subreddit, s.missing, false, open)
		f.Layout.Each(s.subreddit, s.anew, true, open)
		f.Layout.Each(s.subreddit, s.done, false, done)
	}
	return nil
}

// classifyFolder tells which names of a folder have an output, with one pass over the entries
// of the output folder, and what check makes of these. It writes nothing.
func classifyFolder(folder layout.Folder, tree layout.Layout, check checker) classification {
	s := classification{subreddit: folder.Subreddit}
	outputs := tree.Outputs(folder.Subreddit)
	exists := make(map[string]bool, len(folder.Names))
	for _, name := range folder.Names {
		exists[name] = false
	}
	err := dirscan.Scan(outputs, func(name []byte, regular bool) {
		if !regular {
			return
		}
		if chainfile.IsUnfinished(name) {
			s.unfinished = append(s.unfinished, string(name))
		} else if chainfile.IsCrashNote(name) {
			s.crashNotes = append(s.crashNotes, string(name))
		} else if _, ok := exists[string(name)]; ok { // no copy is made to look it up
			exists[string(name)] = true
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.err = fmt.Errorf("listing the outputs: %w", err)
		return s
	}
	s.missing = make([]string, 0, len(folder.Names))
	for _, name := range folder.Names {
		if exists[name] {
			s.done = append(s.done, name)
		} else {
			s.missing = append(s.missing, name)
		}
	}
	slices.Sort(s.missing)
	check.classifyDone(&s)
	return s
}
