package embedding

import (
	"errors"
	"log/slog"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// noteCrashes notes what an outcome says of its file: one that was finished, in whatever way,
// ends no process. One that was open when the engine broke may be the reason, as a fault on a
// GPU ends all later work of the process.
func noteCrashes(tree layout.Layout, o Outcome) {
	now := 0
	switch {
	case errors.Is(o.Left, models.ErrBroken):
		now = o.File.Crashes + 1
	case o.Left != nil || deadletter.CodeOf(o.Err) == deadletter.ProcessLost || o.Bridged && o.Err != nil:
		return // it ends processes, or nothing is known; the queue counts the deaths of workers
	}
	if now == o.File.Crashes {
		return
	}
	if err := chainfile.SetCrashes(tree.Output(o.File), o.File.Crashes, now); err != nil {
		slog.Warn("whether a file ends its process is not noted", "file", o.File.Output, "error", err)
	}
}
