package embedding

import (
	"context"
	"sync/atomic"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inputs"
	"github.com/threadloom/threadloom/transforms/layout"
)

// sampledFiles bounds the files whose rows are read in advance. If there are more files, the rows
// that are left are an estimate. It is about 1 % off if the files have 1 to 5,000 rows.
const sampledFiles = 4096

// WatchRows begins to read how many rows the expected files have, until ctx ends. Without it
// RowsLeft knows nothing.
func (e *Embedder) WatchRows(ctx context.Context, o Options) {
	e.workload.Watch(ctx, func(path string) int64 {
		rows := inputs.Rows(o.Layout.Input(layout.File{Input: path}), o.TextColumn, o.Keep)
		return max(0, rows) // a file that cannot be read adds no rows
	})
}

type engineWork struct{ rows, run atomic.Int64 }

func (w *engineWork) add(n models.Embedded) {
	w.rows.Add(n.Texts)
	w.run.Add(n.Run)
}

// EngineWork is rows, and those of their tokens that the model must run.
type EngineWork struct{ Rows, Tokens int64 }

// QueuedWork returns all work that the engine was given so far, and the part of it that waits.
func (e *Embedder) QueuedWork() (all, waiting EngineWork) {
	done := EngineWork{e.settled.rows.Load(), e.settled.run.Load()} // read first, so that it is never more than all
	all = EngineWork{e.queued.rows.Load(), e.queued.run.Load()}
	return all, EngineWork{max(0, all.Rows-done.Rows), max(0, all.Tokens-done.Tokens)}
}

// RowsLeft returns about how many rows are still to be embedded, if that is known.
func (e *Embedder) RowsLeft() (rows int64, known bool) { return e.workload.Left() }

// Expect notes that a file is to be embedded.
func (e *Embedder) Expect(file layout.File) { e.workload.Add(file.Input) }

// beginRows notes that a file with so many rows is opened. It returns the function that counts its
// rows as they are embedded.
func (e *Embedder) beginRows(file layout.File, rows int64) func(models.Embedded) {
	open := e.workload.Begin(file.Input, rows)
	return func(n models.Embedded) {
		e.settled.add(n)
		if n.Failed {
			return
		}
		open.Embedded(n.Texts)
		e.counts.Add(counters.RowsEmbedded, n.Texts)
		e.counts.Add(counters.TokensEmbedded, n.Tokens)
		e.counts.Add(counters.TokensRun, n.Run)
	}
}

// countWhole counts the rows of a file that another process has embedded: they become known all
// at once, when the file has ended.
func (e *Embedder) countWhole(o Outcome) {
	if o.Err != nil {
		return
	}
	e.counts.Add(counters.RowsEmbedded, o.Stats.Rows)
	if o.Bridged {
		e.counts.Add(counters.RowsByWorkers, o.Stats.Rows)
		return // a worker does not say how many tokens it had
	}
	e.counts.Add(counters.TokensEmbedded, o.Stats.Tokens)
	e.counts.Add(counters.TokensRun, o.Stats.Tokens-o.Stats.Reused)
	whole := models.Embedded{Texts: o.Stats.Rows, Run: o.Stats.Tokens - o.Stats.Reused}
	e.queued.add(whole)
	e.settled.add(whole)
}
