package transforms

import (
	"context"
	"sync/atomic"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/workload"
)

// sampledFiles is how many files have their rows looked up before their turn. Of more files the
// rows left are an estimate, which is about 1 % off if the files have 1 to 5,000 rows.
const sampledFiles = 4096

// theWorkload is this process's.
var theWorkload = workload.New(sampledFiles)

// WatchRows begins to look up how many rows the files hold that this process is to embed, until
// ctx ends. Without it RowsLeft knows nothing.
func WatchRows(ctx context.Context, o EmbedOptions) {
	theWorkload.Watch(ctx, func(path string) int64 {
		return max(0, rowsOf(o.Layout.Input(layout.File{Input: path}), o)) // of one that cannot be read nothing is embedded
	})
}

// queued counts what the engine in this process was given, settled what of it is embedded or has
// failed. The engine takes short texts and long ones in its own order, so that the rows which are
// embedded do not tell how many tokens the others take.
var queued, settled engineWork

type engineWork struct{ rows, run atomic.Int64 }

func (w *engineWork) add(n models.Embedded) {
	w.rows.Add(n.Texts)
	w.run.Add(n.Run)
}

// EngineWork is rows, and the tokens of them that the model must run.
type EngineWork struct{ Rows, Tokens int64 }

// QueuedWork returns what the engine in this process was given so far, and what of it waits.
func QueuedWork() (all, waiting EngineWork) {
	done := EngineWork{settled.rows.Load(), settled.run.Load()} // first: it must not be more than all
	all = EngineWork{queued.rows.Load(), queued.run.Load()}
	return all, EngineWork{max(0, all.Rows-done.Rows), max(0, all.Tokens-done.Tokens)}
}

// RowsLeft returns how many rows are still to be embedded, as far as that is known.
func RowsLeft() (rows int64, known bool) { return theWorkload.Left() }

// addingToWorkload returns what notes that a file is to be embedded and hands it on to emit.
func addingToWorkload(emit func(layout.File)) func(layout.File) {
	return func(file layout.File) {
		theWorkload.Add(file.Input)
		emit(file)
	}
}

// beginRows notes that a file with so many rows is opened, and returns what counts them.
func beginRows(file layout.File, rows int64) func(models.Embedded) {
	open := theWorkload.Begin(file.Input, rows)
	return func(n models.Embedded) {
		settled.add(n)
		if n.Failed {
			return
		}
		open.Embedded(n.Texts)
		thisProcess.Counts.Add(counters.RowsEmbedded, n.Texts)
		thisProcess.Counts.Add(counters.TokensEmbedded, n.Tokens)
		thisProcess.Counts.Add(counters.TokensRun, n.Run)
	}
}

// countEmbedded counts a file that another process has embedded, of which nothing is known
// before it has ended.
func countEmbedded(o outcome) {
	if o.err != nil {
		return
	}
	thisProcess.Counts.Add(counters.RowsEmbedded, o.stats.Rows)
	if o.bridged {
		thisProcess.Counts.Add(counters.RowsByWorkers, o.stats.Rows)
		return // a worker tells no tokens
	}
	thisProcess.Counts.Add(counters.TokensEmbedded, o.stats.Tokens)
	thisProcess.Counts.Add(counters.TokensRun, o.stats.Tokens-o.stats.Reused)
	whole := models.Embedded{Texts: o.stats.Rows, Run: o.stats.Tokens - o.stats.Reused}
	queued.add(whole)
	settled.add(whole)
}
