package remote

import (
	"context"
	"time"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/layout"
)

// version tells a file from one that replaces it. The zero value: there is no file.
type version struct{ modTime, size int64 }

// disk is the outputs of a layout.
type disk struct{ layout.Layout }

// Rows returns the rows of a file's output, or an error unless there is a whole one.
func (d disk) Rows(file layout.File) (int64, error) { return chainfile.Check(d.Output(file)) }

// Version returns which output of a file is there.
func (d disk) Version(file layout.File) version {
	info, err := d.Output(file).Stat()
	if err != nil {
		return version{}
	}
	return version{info.ModTime().UnixNano(), info.Size()}
}

// systemClock is the clock outside of tests.
type systemClock struct{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
