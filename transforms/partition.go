package transforms

import (
	"hash/fnv"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() { register.DoFn3x0[File, func(File), func(File)](&partitionFn{}) }

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

func (f *partitionFn) ProcessElement(file File, local, mps func(File)) {
	if f.Options.forBridge(file) {
		mps(file)
	} else {
		local(file)
	}
}

// forBridge draws by the file's name alone, so that each run chooses the same
// files. A share of the files is that share of their bytes, too, but for chance:
// their sizes are not looked up.
func (o PartitionOptions) forBridge(file File) bool {
	if slices.Contains(o.Subreddits, file.Subreddit) {
		return true
	}
	return drawn(file.Input) < o.Share
}

// drawn maps a path to a number in [0, 1), evenly.
func drawn(path string) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(path)) // never fails
	x := h.Sum64()
	x ^= x >> 33 // FNV leaves the high bits of similar names alike: mix them (MurmurHash3's finaliser)
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}
