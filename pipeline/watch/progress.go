package watch

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
)

const (
	lookEvery = 10 * time.Second // at the disk, at most
	// lookShare bounds the time that looking at the disk may take of all.
	lookShare = 20
)

// State is how far a run has come.
type State struct {
	Done, Missing int64 // files of this run: those that have ended, and all of them
	Dead          int64 // of the ended ones: dead letters, or wrong outputs
	workers       int64 // of the ended ones, embedded by workers on other machines
	Rows          int64 // embedded, of open files, too; 0 if that is not known
	tokens        int64 // embedded, of open files, too; 0 if that is not known
	run           int64 // tokens that the model ran in this process
	workersRows   int64 // of the rows, embedded by workers on other machines
	rowsLeft      int64 // of all files, about
	rowsLeftKnown bool
	queued        embedding.EngineWork // all that the engine in this process was given
	waiting       embedding.EngineWork // the part of it that is not embedded yet
}

// StateOf derives how far a run has come from what was counted.
func StateOf(n map[string]int64) State {
	s := State{
		Done: n["files_done"] + n["files_dead_lettered"], Missing: n["files_missing"],
		Dead: n["files_dead_lettered"], workers: n["files_by_workers"], Rows: n["rows_embedded"], tokens: n["tokens_embedded"],
		run: n["tokens_run"], workersRows: n["rows_by_workers"],
	}
	s.rowsLeft, s.rowsLeftKnown = transforms.ThisProcess().Embedder.RowsLeft()
	s.queued, s.waiting = transforms.ThisProcess().Embedder.QueuedWork()
	return s
}

// share returns how much of the run is done, 0 to 1: by rows, or by files if rows are not known.
func (s State) share() float64 {
	done, left := float64(s.Done), float64(s.Missing-s.Done)
	if s.rowsLeftKnown {
		done, left = float64(s.Rows), float64(s.rowsLeft)
	}
	if done+left <= 0 {
		return 0
	}
	return done / (done + left)
}

// Progress shows how far a run has come.
type Progress struct {
	Look    func() State
	Engine  models.Config
	Words   Words
	Remote  func() string // the speed of each worker on another machine; nil: there are none
	Console *Console      // above whose bar other lines go
	pace    pace
}

// Words are what is said of a kind of work.
type Words struct {
	Doing string // with the files
	Dead  string // what those are that went wrong
	Then  string // what follows when all files are done; empty: nothing
}

// by says what embeds. If several do, it says how many files each has embedded.
func (p *Progress) by(s State) string {
	e := models.Opened(p.Engine)
	switch {
	case e == nil && s.workers == 0:
		return ""
	case e == nil:
		return "workers" + p.speeds()
	case s.workers == 0:
		return e.Backend.Name + " " + e.Backend.Precision
	}
	return fmt.Sprintf("%s %s %d, workers %d%s", e.Backend.Name, e.Backend.Precision, s.Done-s.Dead-s.workers, s.workers, p.speeds())
}

// Start shows the progress until the function that it returns is called.
func (p *Progress) Start(ctx context.Context, kind string) (stop func()) {
	var s State
	return display{
		look: func(now time.Time) bool {
			s = p.Look()
			p.pace.update(now, s)
			return s.Missing > 0
		},
		bar: func() (float64, string, string) { return s.share(), p.beside(s), p.below(s) },
		line: func(log *slog.Logger) {
			if s.Done < s.Missing {
				log.Info(p.Words.Doing, p.line(s)...)
			}
		},
	}.start(ctx, kind, p.Console)
}

// line is how far a run has come, as a logger's arguments.
func (p *Progress) line(s State) []any {
	line := []any{"files", fmt.Sprintf("%d of %d", s.Done, s.Missing)}
	if s.rowsLeftKnown {
		line = append(line, "done", fmt.Sprintf("%.0f%%", 100*s.share()))
	}
	if s.Rows > 0 {
		line = append(line, "rows", s.Rows, "rows/s", int64(p.pace.rows.perSecond()))
	}
	if s.tokens > 0 {
		line = append(line, "tokens/s", int64(p.pace.tokens.perSecond()))
	}
	if left, known := p.pace.left(s); known {
		line = append(line, "left", left)
	}
	if s.Dead > 0 {
		line = append(line, strings.ReplaceAll(p.Words.Dead, " ", "_"), s.Dead)
	}
	if by := p.by(s); by != "" {
		line = append(line, "by", by)
	}
	return line
}

// OnDisk counts files for a run whose work other machines do. It does not see dead letters: their
// files are missing to the end.
func OnDisk(layout layout.Layout, subreddits []string) func() map[string]int64 {
	_, before, err := outputs.CountFiles(layout, subreddits)
	return func() map[string]int64 {
		inputs, outputs, errNow := outputs.CountFiles(layout, subreddits)
		if err != nil || errNow != nil {
			return nil // the job meets the same error, and says it
		}
		return map[string]int64{"files_done": outputs - before, "files_missing": inputs - before}
	}
}

// NowAndThen returns the last answer of look, or a new one if that is old enough: looking may not
// take more than a twentieth of the time.
func NowAndThen(look func() map[string]int64) func() map[string]int64 {
	var mu sync.Mutex
	var last map[string]int64
	var next time.Time
	return func() map[string]int64 {
		mu.Lock()
		defer mu.Unlock()
		if start := time.Now(); !start.Before(next) {
			last = look()
			next = time.Now().Add(max(lookEvery, lookShare*time.Since(start)))
		}
		return last
	}
}
