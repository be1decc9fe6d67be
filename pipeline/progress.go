package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/threadloom/threadloom/transforms"
)

const progressEvery = 10 * time.Second

// logProgress logs a line now and then while files are embedded, until ctx ends.
func logProgress(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n := transforms.LocalCounts()
			done, missing := n["files_done"]+n["files_dead_lettered"], n["files_missing"]
			if done < missing {
				log.Info("embedding", "files", fmt.Sprintf("%d of %d", done, missing), "rows", n["rows"])
			}
		}
	}
}
