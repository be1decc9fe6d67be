package transforms

import (
	"context"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/chainfile"
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
}

func (f *filterFn) ProcessElement(ctx context.Context, folder Folder, missing, done func(File)) error {
	outputs := filepath.Join(f.Layout.Embeddings, folder.Subreddit)
	swept, err := chainfile.Sweep(outputs)
	if err != nil {
		return err
	}
	if swept > 0 {
		log.Infof(ctx, "removed %d unfinished files of an earlier run from %s", swept, outputs)
	}
	names, err := chainsNames(outputs)
	if err != nil {
		return err
	}
	exists := make(map[string]bool, len(names))
	for _, name := range names {
		exists[name] = true
	}
	for _, name := range folder.Names {
		file := f.Layout.file(folder.Subreddit, name)
		if exists[name] {
			filesSkipped.Inc(ctx, 1)
			done(file)
		} else {
			filesMissing.Inc(ctx, 1)
			missing(file)
		}
	}
	return nil
}
