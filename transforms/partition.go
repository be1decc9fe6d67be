package transforms

import (
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() { register.DoFn3x0[layout.File, func(layout.File), func(layout.File)](&partitionFn{}) }

// PartitionOptions say which files go over the bridge. The zero value: none.
type PartitionOptions struct {
	Share      float64  // of the files, 0 to 1
	Subreddits []string // of which all files go over the bridge; the share is of the others
}

// Bridged says whether any file goes over the bridge.
func (o PartitionOptions) Bridged() bool { return o.Share > 0 || len(o.Subreddits) > 0 }

// Partition chooses who embeds a file: it turns a PCollection<File> into two
// PCollection<File>, those embedded here and those for the workers behind the bridge.
func Partition(s beam.Scope, o PartitionOptions, files beam.PCollection) (local, mps beam.PCollection) {
	s = s.Scope("transforms.Partition")
	return beam.ParDo2(s, &partitionFn{Options: o}, files)
}

type partitionFn struct {
	Options PartitionOptions
}

func (f *partitionFn) ProcessElement(file layout.File, local, mps func(layout.File)) {
	if f.Options.forBridge(file) {
		mps(file)
	} else {
		local(file)
	}
}

// forBridge reports whether a file goes over the bridge. Only the file's name decides,
// so that each run chooses the same files. Sizes are not looked up: a share of the
// files is about the same share of their bytes.
func (o PartitionOptions) forBridge(file layout.File) bool {
	if slices.Contains(o.Subreddits, file.Subreddit) {
		return true
	}
	return layout.Draw(file.Input) < o.Share
}
