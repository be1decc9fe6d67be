package transforms

import (
	"context"
	"path/filepath"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
)

func init() {
	beam.RegisterType(reflect.TypeFor[layout.File]())
	register.DoFn4x1[context.Context, layout.Folder, func(layout.File), func(layout.File), error](&filterFn{})
	register.Emitter1[layout.File]()
}

// Filter checks which files have an output already and, if asked to, whether this output
// is as wanted. It turns a PCollection<Folder> into two PCollection<File>: the files to be
// embedded, and those that are done. It also removes the unfinished outputs that killed
// runs left in the output folders.
func Filter(s beam.Scope, tree layout.Layout, o outputs.CheckOptions, folders beam.PCollection) (missing, done beam.PCollection) {
	s = s.Scope("transforms.Filter")
	return beam.ParDo2(s, &filterFn{Layout: tree, Options: o}, folders)
}

type filterFn struct {
	Layout  layout.Layout
	Options outputs.CheckOptions

	checker         outputs.Checker
	classifications inflight.Group[outputs.Classification]
}

func (f *filterFn) Setup() (err error) {
	if f.checker, err = f.Options.Checker(thisProcess.Reads, f.Layout); err != nil {
		return counters.OnHost(err)
	}
	return nil
}

func (f *filterFn) StartBundle(_, _ func(layout.File)) {}

func (f *filterFn) ProcessElement(ctx context.Context, folder layout.Folder, missing, done func(layout.File)) error {
	f.classifications.Start(thisProcess.Reads.Folders, func() outputs.Classification {
		s := f.checker.ClassifyFolder(folder)
		s.Sweep()
		return s
	})
	return f.flush(ctx, f.classifications.Take(), missing, done)
}

func (f *filterFn) FinishBundle(ctx context.Context, missing, done func(layout.File)) error {
	return f.flush(ctx, f.classifications.Rest(), missing, done)
}

func (f *filterFn) flush(ctx context.Context, classifications []outputs.Classification, missing, done func(layout.File)) error {
	for _, s := range classifications {
		if s.Err != nil {
			if err := thisProcess.setFolderAside(ctx, f.Layout.DeadLetters(), "filter", f.Layout.Outputs(s.Subreddit).Path, s.Err); err != nil {
				return err
			}
			continue
		}
		tellCrashes(ctx, s)
		open := func(file layout.File) {
			file.Crashes = s.Crashes[filepath.Base(file.Input)]
			thisProcess.Embedder.Expect(file)
			missing(file)
		}
		thisProcess.Count(ctx, counters.FilesMissing, int64(len(s.Missing)+len(s.Anew)))
		thisProcess.Count(ctx, counters.FilesStale, int64(s.Stale))
		thisProcess.Count(ctx, counters.FilesCorrupt, int64(len(s.Anew)-s.Stale))
		thisProcess.Count(ctx, counters.FilesSkipped, int64(len(s.Done)))
		f.Layout.Each(s.Subreddit, s.Missing, false, open)
		f.Layout.Each(s.Subreddit, s.Anew, true, open)
		f.Layout.Each(s.Subreddit, s.Done, false, done)
	}
	return nil
}

// tellCrashes logs what becomes of files that were open when a process ended.
func tellCrashes(ctx context.Context, s outputs.Classification) {
	again, apart := 0, 0
	for _, n := range s.Crashes {
		if n < layout.IsolateAfter {
			again++
		} else {
			apart++
		}
	}
	if again > 0 {
		log.Warnf(ctx, "%s: an earlier run ended while %d of its files were open: they are embedded from their beginning", s.Subreddit, again)
	}
	if apart > 0 {
		log.Warnf(ctx, "%s: earlier runs ended more than once while %d of its files were open: another process embeds them", s.Subreddit, apart)
	}
}
