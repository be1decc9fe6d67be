package transforms

import (
	"context"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/workload"
)

// These grow with each text that is embedded, while rows and tokens grow with each file that
// is finished. They never go back: what was embedded of a file that fails stays in them.
var (
	rowsEmbedded   = newLocalCounter("rows_embedded")
	tokensEmbedded = newLocalCounter("tokens_embedded")
	tokensRun      = newLocalCounter("tokens_run")      // those of them that the model ran in this process
	workersRows    = newLocalCounter("rows_by_workers") // those of the rows that came over the bridge
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
		return max(0, rowsOf(o.Layout.input(File{Input: path}), o)) // of one that cannot be read nothing is embedded
	})
}

// RowsLeft returns how many rows are still to be embedded, as far as that is known.
func RowsLeft() (rows int64, known bool) { return theWorkload.Left() }

// addingToWorkload returns what notes that a file is to be embedded and hands it on to emit.
func addingToWorkload(emit func(File)) func(File) {
	return func(file File) {
		theWorkload.Add(file.Input)
		emit(file)
	}
}

// beginRows notes that a file with so many rows is opened, and returns what counts them.
func beginRows(file File, rows int64) func(models.Embedded) {
	open := theWorkload.Begin(file.Input, rows)
	return func(n models.Embedded) {
		open.Embedded(n.Texts)
		rowsEmbedded.Add(n.Texts)
		tokensEmbedded.Add(n.Tokens)
		tokensRun.Add(n.Run)
	}
}

// countEmbedded counts a file that another process has embedded, of which nothing is known
// before it has ended.
func countEmbedded(o outcome) {
	if o.err != nil {
		return
	}
	rowsEmbedded.Add(o.stats.Rows)
	if o.bridged {
		workersRows.Add(o.stats.Rows)
		return // a worker tells no tokens
	}
	tokensEmbedded.Add(o.stats.Tokens)
	tokensRun.Add(o.stats.Tokens - o.stats.Reused)
}
