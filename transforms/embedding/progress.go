package embedding

import (
	"context"
	"sync/atomic"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/inputs"
	"github.com/threadloom/threadloom/transforms/layout"
)

// sampledFiles is how many files have their rows looked up before their turn. Of more files the
// rows left are an estimate, which is about 1 % off if the files have 1 to 5,000 rows.
const sampledFiles = 4096

// WatchRows begins to look up how many rows the files hold that are to be embedded, until
// ctx ends. Without it RowsLeft knows nothing.
func (e *Embedder) WatchRows(ctx context.Context, o Options) {
	e.workload.Watch(ctx, func(path string) int64 {
		return max(0, inputs.Rows(o.Layout.Input(layout.File{Input: path}), o.TextColumn, o.Keep)) // of one that cannot be read nothing is embedded
	})
}

type engineWork struct{ rows, run atomic.Int64 }

func (w *engineWork) add(n models.Embedded) {
	w.rows.Add(n.Texts)
	w.run.Add(n.Run)
}

// EngineWork is rows, and the tokens of them that the model must run.
type EngineWork struct{ Rows, Tokens int64 }

// QueuedWork returns what the engine was given so far, and what of it waits.
func (e *Embedder) QueuedWork() (all, waiting EngineWork) {
	done := EngineWork{e.settled.rows.Load(), e.settled.run.Load()} // first: it must not be more than all
	all = EngineWork{e.queued.rows.Load(), e.queued.run.Load()}
	return all, EngineWork{max(0, all.Rows-done.Rows), max(0, all.Tokens-done.Tokens)}
}

// RowsLeft returns how many rows are still to be embedded, as far as that is known.
func (e *Embedder) RowsLeft() (rows int64, known bool) { return e.workload.Left() }

// Expect notes that a file is to be embedded.
func (e *Embedder) Expect(file layout.File) { e.workload.Add(file.Input) }

// beginRows notes that a file with so many rows is opened, and returns what counts them.
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

// countWhole counts a file that another process has embedded, of which nothing is known
// before it has ended.
func (e *Embedder) countWhole(o Outcome) {
	if o.Err != nil {
		return
	}
	e.counts.Add(counters.RowsEmbedded, o.Stats.Rows)
	if o.Bridged {
		e.counts.Add(counters.RowsByWorkers, o.Stats.Rows)
		return // a worker tells no tokens
	}
	e.counts.Add(counters.TokensEmbedded, o.Stats.Tokens)
	e.counts.Add(counters.TokensRun, o.Stats.Tokens-o.Stats.Reused)
	whole := models.Embedded{Texts: o.Stats.Rows, Run: o.Stats.Tokens - o.Stats.Reused}
	e.queued.add(whole)
	e.settled.add(whole)
}
