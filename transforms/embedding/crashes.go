package embedding

import (
	"errors"
	"log/slog"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// noteCrashes updates the crash note of a file after its outcome. A file with an output or a dead
// letter did not end its process. A file that was open when the engine broke may be the reason,
// because after a fault on a GPU nothing works in the process any more.
func noteCrashes(tree layout.Layout, o Outcome) {
	now := 0
	switch {
	case errors.Is(o.Left, models.ErrBroken):
		now = o.File.Crashes + 1
	case o.Left != nil || deadletter.CodeOf(o.Err) == deadletter.ProcessLost || o.Bridged && o.Err != nil:
		return // the file ends processes, or nobody knows; the queue counts the workers that end
	}
	if now == o.File.Crashes {
		return
	}
	if err := chainfile.SetCrashes(tree.Output(o.File), o.File.Crashes, now); err != nil {
		slog.Warn("could not write down whether a file ends its process", "file", o.File.Output, "error", err)
	}
}
