package transforms

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() {
	beam.RegisterType(reflect.TypeFor[layout.Folder]())
	register.DoFn3x1[context.Context, string, func(layout.Folder), error](&expandFn{})
	register.Emitter1[layout.Folder]()
}

// Expand finds the chains files of each subreddit: it turns a
// PCollection<string> into a PCollection<Folder>. A folder that cannot be listed goes
// to the dead letters.
func Expand(s beam.Scope, tree layout.Layout, subreddits beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Expand")
	return beam.ParDo(s, &expandFn{Layout: tree}, subreddits)
}

type expandFn struct {
	Layout layout.Layout

	listings inflight.Group[listing]
}

// listing is the result of reading one folder.
type listing struct {
	layout.Folder
	err error
}

func (f *expandFn) StartBundle(func(layout.Folder)) {}

func (f *expandFn) ProcessElement(ctx context.Context, subreddit string, emit func(layout.Folder)) error {
	f.listings.Start(thisProcess.Reads.Folders, func() listing {
		names, err := layout.Names(f.Layout.Inputs(subreddit))
		return listing{layout.Folder{Subreddit: subreddit, Names: names}, err}
	})
	return f.flush(ctx, f.listings.Take(), emit)
}

func (f *expandFn) FinishBundle(ctx context.Context, emit func(layout.Folder)) error {
	return f.flush(ctx, f.listings.Rest(), emit)
}

func (f *expandFn) flush(ctx context.Context, listings []listing, emit func(layout.Folder)) error {
	for _, l := range listings {
		if l.err != nil {
			folder := f.Layout.Inputs(l.Subreddit).Path
			if err := thisProcess.setFolderAside(ctx, f.Layout.DeadLetters(), "expand", folder, l.err); err != nil {
				return err
			}
			continue
		}
		thisProcess.Count(ctx, counters.Subreddits, 1)
		if len(l.Names) == 0 {
			thisProcess.Count(ctx, counters.SubredditsEmpty, 1)
			log.Warnf(ctx, "no chains files for subreddit %q in %s", l.Subreddit, f.Layout.Chains)
			continue
		}
		emit(l.Folder)
	}
	return nil
}
