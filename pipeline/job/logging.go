package job

import (
	"context"
	"io"
	"log/slog"
	"regexp"
	"runtime"
	"strings"
)

// startLogging returns the program's logger and makes Beam's records go through
// it as well, filtered by beamHandler. It must be called after beam.Init, which
// sets up Beam's own.
func startLogging(console io.Writer) *slog.Logger {
	handler := slog.NewTextHandler(console, nil)
	slog.SetDefault(slog.New(beamHandler{handler}))
	return slog.New(handler)
}

// beamHandler passes on the records of the program's own packages, and the warnings of
// DoFns, which are ours, too, but come through Beam. It drops Beam's own records, such as
// warnings after an interrupt. It drops Beam's errors, too: one failure makes five of them,
// each a page long, and the run returns the same failure in the end.
type beamHandler struct{ slog.Handler }

// fromDoFn begins the messages that Prism passes on from DoFns and their harness.
const fromDoFn = "[SDK] "

// harnessConnections begin the warnings of the harness about its connections to Prism,
// which break whenever a run is interrupted.
var harnessConnections = regexp.MustCompile(`^(forcing )?(Data|State)Channel\[|^(data|timer)Writer\[`)

func (h beamHandler) Handle(ctx context.Context, r slog.Record) error {
	message, isDoFn := strings.CutPrefix(r.Message, fromDoFn)
	if isDoFn && (r.Level != slog.LevelWarn || harnessConnections.MatchString(message)) {
		return nil
	}
	if !isDoFn && !isOurs(r.PC) {
		return nil
	}
	r.Message = message
	return h.Handler.Handle(ctx, r)
}

// isOurs reports whether the code at pc is this program's and no library's.
func isOurs(pc uintptr) bool {
	frame, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	return strings.HasPrefix(frame.Function, "main.") || strings.HasPrefix(frame.Function, "github.com/threadloom/threadloom/")
}

func (h beamHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return beamHandler{h.Handler.WithAttrs(attrs)}
}

func (h beamHandler) WithGroup(name string) slog.Handler {
	return beamHandler{h.Handler.WithGroup(name)}
}
