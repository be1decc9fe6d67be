package transforms

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/dirscan"
	"github.com/threadloom/threadloom/transforms/rooted"
)

func init() {
	register.DoFn3x1[context.Context, string, func(Folder), error](&expandFn{})
	register.Emitter1[Folder]()
}

var (
	subredditsSeen  = NewCounter("subreddits")
	subredditsEmpty = NewCounter("subreddits_without_files")
)

// Expand finds the chains files of each subreddit: it turns a
// PCollection<string> into a PCollection<Folder>. A folder that cannot be listed goes
// to the dead letters.
func Expand(s beam.Scope, layout Layout, subreddits beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Expand")
	return beam.ParDo(s, &expandFn{Layout: layout}, subreddits)
}

type expandFn struct {
	Layout Layout

	listings ahead[listing]
}

// listing is what became of one folder.
type listing struct {
	Folder
	err error
}

// scans has a place for each folder that may be read at the same time.
var scans = perCPU(1)

func (f *expandFn) StartBundle(func(Folder)) {}

func (f *expandFn) ProcessElement(ctx context.Context, subreddit string, emit func(Folder)) error {
	f.listings.start(scans, func() listing {
		names, err := chainsNames(f.Layout.inputs(subreddit))
		return listing{Folder{Subreddit: subreddit, Names: names}, err}
	})
	return f.flush(ctx, f.listings.take(), emit)
}

func (f *expandFn) FinishBundle(ctx context.Context, emit func(Folder)) error {
	return f.flush(ctx, f.listings.rest(), emit)
}

func (f *expandFn) flush(ctx context.Context, listings []listing, emit func(Folder)) error {
	for _, l := range listings {
		if l.err != nil {
			folder := f.Layout.inputs(l.Subreddit).Path
			if err := folderDied(ctx, f.Layout.DeadLetters(), "expand", folder, l.err); err != nil {
				return err
			}
			continue
		}
		subredditsSeen.Inc(ctx, 1)
		if len(l.Names) == 0 {
			subredditsEmpty.Inc(ctx, 1)
			log.Warnf(ctx, "no chains files for subreddit %q in %s", l.Subreddit, f.Layout.Chains)
			continue
		}
		emit(l.Folder)
	}
	return nil
}

// chainsNames lists the chains files in a folder, in no order, with one pass over
// the entries: their types come with them, so no file is looked at. A folder that
// does not exist has none. Folders and symbolic links are passed over.
func chainsNames(folder rooted.Path) ([]string, error) {
	var names dirscan.Names
	err := dirscan.Scan(folder, func(name []byte, regular bool) {
		if regular && isChainsName(name) {
			names.Add(name)
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listing the chains files: %w", err)
	}
	return names.Strings(), nil
}
