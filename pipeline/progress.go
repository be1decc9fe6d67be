package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/threadloom/threadloom/transforms"
)

const (
	progressEvery = 10 * time.Second
	// progressShare bounds the time that looking at the disk may take of all.
	progressShare = 20
)

// standing is how far a run is.
type standing struct {
	done, missing int64 // files of this run, at its start
	rows          int64 // of the done ones; 0 where that is not known
}

// logProgress logs a line now and then while files are embedded, until ctx ends.
func logProgress(ctx context.Context, log *slog.Logger, look func() standing) {
	for wait := progressEvery; ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			start := time.Now()
			s := look()
			wait = max(progressEvery, progressShare*time.Since(start))
			if s.done >= s.missing {
				continue
			}
			line := []any{"files", fmt.Sprintf("%d of %d", s.done, s.missing)}
			if s.rows > 0 {
				line = append(line, "rows", s.rows)
			}
			log.Info("embedding", line...)
		}
	}
}

// inThisProcess tells how far a run is that does its work here.
func inThisProcess() standing {
	n := transforms.LocalCounts()
	return standing{done: n["files_done"] + n["files_dead_lettered"], missing: n["files_missing"], rows: n["rows"]}
}

// onDisk tells how far a run is whose work other machines do: only files count.
// Those that are dead letters are missing to the end.
func onDisk(layout transforms.Layout, subreddits []string) func() standing {
	_, before, err := transforms.Standing(layout, subreddits)
	return func() standing {
		inputs, outputs, errNow := transforms.Standing(layout, subreddits)
		if err != nil || errNow != nil {
			return standing{} // the job meets the same error, and says it
		}
		return standing{done: outputs - before, missing: inputs - before}
	}
}
