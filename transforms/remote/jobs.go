package remote

import (
	"cmp"
	"slices"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// sizedFile is a file with the size of its input in bytes, 0 if it is not known.
type sizedFile struct {
	file layout.File
	size int64
}

// sized returns the files in the order of their inputs' sizes, the biggest first. If a big file
// came last, all others would wait for it.
func (c *Client) sized(files []layout.File) []sizedFile {
	all := make([]sizedFile, len(files))
	inflight.Each(len(files), c.reads.Footers, func(i int) {
		all[i].file = files[i]
		if info, err := c.options.Embed.Layout.Input(files[i]).Stat(); err == nil { // an error comes again when the file is embedded
			all[i].size = info.Size()
		}
	})
	slices.SortStableFunc(all, func(a, b sizedFile) int { return cmp.Compare(b.size, a.size) })
	return all
}

func (c *Client) jobOf(file layout.File) (string, error) {
	return mpsbridge.Job{InputPath: c.paths.Map(file.Input), OutputPath: c.paths.Map(file.Output)}.Raw()
}

// unreadable reports whether a worker failed to read a file that this program may be able to read,
// because the worker's Parquet library does not support all that writers use.
func unreadable(d mpsbridge.DeadJob) bool {
	return slices.Contains([]deadletter.Code{deadletter.Damaged, deadletter.UnsupportedCodec, deadletter.UnsupportedEncoding}, deadletter.Code(d.Code))
}

// deathOf returns why a job is dead, with the worker's code. If the program does not know the code,
// because the worker has another version, it is Internal.
func deathOf(d mpsbridge.DeadJob) error {
	code := deadletter.Code(d.Code)
	if !deadletter.Known(code) {
		code = deadletter.Internal
	}
	return code.Errorf("worker %s: %s (attempt %d)", d.Worker, d.Reason, d.Attempts)
}
