package transforms

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
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
// PCollection<string> into a PCollection<Folder>.
func Expand(s beam.Scope, layout Layout, subreddits beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Expand")
	return beam.ParDo(s, &expandFn{Layout: layout}, subreddits)
}

type expandFn struct {
	Layout Layout
}

func (f *expandFn) ProcessElement(ctx context.Context, subreddit string, emit func(Folder)) error {
	names, err := chainsNames(filepath.Join(f.Layout.Chains, subreddit))
	if err != nil {
		return err
	}
	subredditsSeen.Inc(ctx, 1)
	if len(names) == 0 {
		subredditsEmpty.Inc(ctx, 1)
		log.Warnf(ctx, "no chains files for subreddit %q in %s", subreddit, f.Layout.Chains)
		return nil
	}
	emit(Folder{Subreddit: subreddit, Names: names})
	return nil
}

// chainsNames lists the chains files in a folder with one directory read: the
// entries' types come with it, so no file is looked at. A folder that does not
// exist has none. Folders and symbolic links are passed over.
func chainsNames(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the chains files: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if entry.Type().IsRegular() && isChainsName(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}
