package transforms

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// countCrashes finds out which files were open when a process ended: marks are those of the
// unfinished outputs that were swept. It notes them beside the outputs, for the next run, and
// removes the notes of files that are done since.
func (s *classification) countCrashes(outputs rooted.Path, marks []string) {
	if len(marks)+len(s.crashNotes) == 0 {
		return
	}
	counts := chainfile.Crashes(s.crashNotes, marks)
	if s.err == nil { // otherwise nobody knows what is missing
		s.crashes = map[string]int{}
		missing := map[string]int{}
		for _, name := range slices.Concat(s.missing, s.anew) {
			mark := chainfile.NameHash(name)
			if n := counts[mark]; n > 0 {
				s.crashes[name], missing[mark] = n, n
			}
		}
		counts = missing
	}
	if err := chainfile.KeepCrashes(outputs, s.crashNotes, counts); err != nil {
		slog.Warn("which files were open when a run ended is not noted", "subreddit", s.subreddit, "error", err)
	}
}

// tellCrashes logs what becomes of files that were open when a process ended.
func (s *classification) tellCrashes(ctx context.Context) {
	again, apart := 0, 0
	for _, n := range s.crashes {
		if n < layout.IsolateAfter {
			again++
		} else {
			apart++
		}
	}
	if again > 0 {
		log.Warnf(ctx, "%s: an earlier run ended while %d of its files were open: they are embedded from their beginning", s.subreddit, again)
	}
	if apart > 0 {
		log.Warnf(ctx, "%s: earlier runs ended more than once while %d of its files were open: another process embeds them", s.subreddit, apart)
	}
}

// noteCrashes notes what an outcome says of its file: one that was finished, in whatever way,
// ends no process. One that was open when the engine broke may be the reason, as a fault on a
// GPU ends all later work of the process.
func noteCrashes(tree layout.Layout, o outcome) {
	now := 0
	switch {
	case errors.Is(o.left, models.ErrBroken):
		now = o.file.Crashes + 1
	case o.left != nil || deadletter.CodeOf(o.err) == deadletter.ProcessLost || o.bridged && o.err != nil:
		return // it ends processes, or nothing is known; the queue counts the deaths of workers
	}
	if now == o.file.Crashes {
		return
	}
	if err := chainfile.SetCrashes(tree.Output(o.file), o.file.Crashes, now); err != nil {
		slog.Warn("whether a file ends its process is not noted", "file", o.file.Output, "error", err)
	}
}
