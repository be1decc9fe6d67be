package remote

import (
	"cmp"
	"slices"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// sizedFile is a file with the bytes of its input; 0: nobody knows.
type sizedFile struct {
	file layout.File
	size int64
}

// sized looks at the inputs' sizes and returns the files, big ones first: whoever begins a
// big file last lets all others wait for it.
func (c *Client) sized(files []layout.File) []sizedFile {
	all := make([]sizedFile, len(files))
	inflight.Each(len(files), c.reads.Footers, func(i int) {
		all[i].file = files[i]
		if info, err := c.options.Embed.Layout.Input(files[i]).Stat(); err == nil { // whoever embeds it says what is wrong
			all[i].size = info.Size()
		}
	})
	slices.SortStableFunc(all, func(a, b sizedFile) int { return cmp.Compare(b.size, a.size) })
	return all
}

func (c *Client) jobOf(file layout.File) (string, error) {
	return mpsbridge.Job{InputPath: c.paths.Map(file.Input), OutputPath: c.paths.Map(file.Output)}.Raw()
}

// unreadable says whether a worker could not read a file that this program may be able to
// read: the worker's Parquet library lacks what some writers use.
func unreadable(d mpsbridge.DeadJob) bool {
	return slices.Contains([]deadletter.Code{deadletter.Damaged, deadletter.UnsupportedCodec, deadletter.UnsupportedEncoding}, deadletter.Code(d.Code))
}

// deathOf returns why a job is dead, with the worker's code. A worker of another version may
// have codes that this program does not know, or none.
func deathOf(d mpsbridge.DeadJob) error {
	code := deadletter.Code(d.Code)
	if !deadletter.Known(code) {
		code = deadletter.Internal
	}
	return code.Errorf("worker %s: %s (attempt %d)", d.Worker, d.Reason, d.Attempts)
}
