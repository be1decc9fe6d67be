package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms"
)

const (
	logEvery  = 30 * time.Second
	paceEvery = time.Second      // the speed is measured, for the log
	lookEvery = 10 * time.Second // at the disk, at most
	// lookShare bounds the time that looking at the disk may take of all.
	lookShare = 20
)

// standing is how far a run is.
type standing struct {
	done, missing int64 // files of this run: those that have ended, and all of them
	dead          int64 // of the ended ones: dead letters, or wrong outputs
	workers       int64 // of the ended ones, embedded by workers on other machines
	rows, tokens  int64 // embedded, of open files, too; 0 where that is not known
	run           int64 // tokens that the model ran in this process
	workersRows   int64 // of the rows, embedded by workers on other machines
	rowsLeft      int64 // of all files, about
	rowsLeftKnown bool
	queued        transforms.EngineWork // all that the engine in this process was given
	waiting       transforms.EngineWork // what of it is not embedded
}

// standingOf tells how far a run is from what was counted.
func standingOf(n map[string]int64) standing {
	s := standing{
		done: n["files_done"] + n["files_dead_lettered"], missing: n["files_missing"],
		dead: n["files_dead_lettered"], workers: n["files_by_workers"], rows: n["rows_embedded"], tokens: n["tokens_embedded"],
		run: n["tokens_run"], workersRows: n["rows_by_workers"],
	}
	s.rowsLeft, s.rowsLeftKnown = transforms.RowsLeft()
	s.queued, s.waiting = transforms.QueuedWork()
	return s
}

// share returns how much of the run is done, 0 to 1: by rows, or by files if rows are not known.
func (s standing) share() float64 {
	done, left := float64(s.done), float64(s.missing-s.done)
	if s.rowsLeftKnown {
		done, left = float64(s.rows), float64(s.rowsLeft)
	}
	if done+left <= 0 {
		return 0
	}
	return done / (done + left)
}

// progress shows how far a run is.
type progress struct {
	look   func() standing
	engine models.Config
	words  progressWords
	remote func() string // the speed of each worker on another machine; nil: there are none
	pace   pace
}

// progressWords are what is said of a kind of work.
type progressWords struct {
	doing string // with the files
	dead  string // what those are that went wrong
	then  string // what follows when all files are done; empty: nothing
}

// by says what embeds, with the files of each where there are several.
func (p *progress) by(s standing) string {
	e := models.Opened(p.engine)
	switch {
	case e == nil && s.workers == 0:
		return ""
	case e == nil:
		return "workers" + p.speeds()
	case s.workers == 0:
		return e.Backend.Name + " " + e.Backend.Precision
	}
	return fmt.Sprintf("%s %s %d, workers %d%s", e.Backend.Name, e.Backend.Precision, s.done-s.dead-s.workers, s.workers, p.speeds())
}

// start shows the progress until the function that it returns is called.
func (p *progress) start(ctx context.Context, kind string, log *slog.Logger) (stop func()) {
	if kind == config.ProgressNone {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var shown sync.WaitGroup
	if kind == config.ProgressBar {
		shown.Go(func() { p.showBars(ctx) })
	} else {
		shown.Go(func() { p.log(ctx, log) })
	}
	return func() {
		cancel()
		shown.Wait()
	}
}

// log logs a line now and then while files are worked on.
func (p *progress) log(ctx context.Context, log *slog.Logger) {
	start := time.Now()
	p.pace.update(start, p.look())
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for next := start.Add(logEvery); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s := p.look()
			p.pace.update(now, s)
			if now.Before(next) {
				continue
			}
			next = next.Add(logEvery)
			if s.done < s.missing {
				log.Info(p.words.doing, p.line(s)...)
			}
		}
	}
}

// line is how far a run is, as a logger's arguments.
func (p *progress) line(s standing) []any {
	line := []any{"files", fmt.Sprintf("%d of %d", s.done, s.missing)}
	if s.rowsLeftKnown {
		line = append(line, "done", fmt.Sprintf("%.0f%%", 100*s.share()))
	}
	if s.rows > 0 {
		line = append(line, "rows", s.rows, "rows/s", int64(p.pace.rows.perSecond()))
	}
	if s.tokens > 0 {
		line = append(line, "tokens/s", int64(p.pace.tokens.perSecond()))
	}
	if left, known := p.pace.left(s); known {
		line = append(line, "left", left)
	}
	if s.dead > 0 {
		line = append(line, strings.ReplaceAll(p.words.dead, " ", "_"), s.dead)
	}
	if by := p.by(s); by != "" {
		line = append(line, "by", by)
	}
	return line
}

// onDisk counts for a run whose work other machines do: only files count. Those that are
// dead letters are missing to the end.
func onDisk(layout transforms.Layout, subreddits []string) func() map[string]int64 {
	_, before, err := transforms.Standing(layout, subreddits)
	return func() map[string]int64 {
		inputs, outputs, errNow := transforms.Standing(layout, subreddits)
		if err != nil || errNow != nil {
			return nil // the job meets the same error, and says it
		}
		return map[string]int64{"files_done": outputs - before, "files_missing": inputs - before}
	}
}

// nowAndThen returns what look said the last time, if that is not long ago: looking may
// not take more than a twentieth of the time.
func nowAndThen(look func() map[string]int64) func() map[string]int64 {
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
