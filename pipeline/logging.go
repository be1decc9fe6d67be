package main

import (
	"context"
	"log/slog"
	"strings"
)

// startLogging returns the program's logger and makes Beam's records go through
// it as well, filtered by beamHandler. It must be called after beam.Init, which
// sets up Beam's own.
func startLogging() *slog.Logger {
	handler := slog.NewTextHandler(console, nil)
	slog.SetDefault(slog.New(beamHandler{handler}))
	return slog.New(handler)
}

// beamHandler passes on Beam's warnings, ours from inside of DoFns among them. It
// drops what Beam says of its own work, and its errors: one failure makes five of
// them, each a page long, and the same failure is what the run returns in the end.
type beamHandler struct{ slog.Handler }

func (h beamHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && level < slog.LevelError
}

func (h beamHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = strings.TrimPrefix(r.Message, "[SDK] ")
	return h.Handler.Handle(ctx, r)
}

func (h beamHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return beamHandler{h.Handler.WithAttrs(attrs)}
}

func (h beamHandler) WithGroup(name string) slog.Handler {
	return beamHandler{h.Handler.WithGroup(name)}
}
