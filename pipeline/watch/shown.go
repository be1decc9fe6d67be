package watch

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/threadloom/threadloom/pipeline/config"
)

const (
	drawEvery = 250 * time.Millisecond // the bar
	logEvery  = 30 * time.Second
	paceEvery = time.Second // the log measures the speed
)

// display shows how far a command has come, in one of two ways.
type display struct {
	look func(now time.Time) bool                     // looks, and reports whether there is anything to show
	bar  func() (share float64, beside, below string) // of what look has seen
	line func(log *slog.Logger)                       // logs what look has seen
}

// start shows it until the function that it returns is called.
func (d display) start(ctx context.Context, kind string, console *Console) (stop func()) {
	if kind == config.ProgressNone {
		return func() {}
	}
	show := d.log
	if kind == config.ProgressBar {
		show = d.draw
	}
	ctx, cancel := context.WithCancel(ctx)
	var showing sync.WaitGroup
	showing.Go(func() { show(ctx, console) })
	return func() {
		cancel()
		showing.Wait()
	}
}

// draw draws a bar, with a line below it. Nothing of it is left when it returns.
func (d display) draw(ctx context.Context, console *Console) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	var drawn *drawing
	for {
		select {
		case <-ctx.Done():
			drawn.end()
			return
		case now := <-tick.C:
			if !d.look(now) {
				continue
			}
			if drawn == nil {
				drawn = newDrawing(console)
			}
			drawn.set(d.bar())
		}
	}
}

// log looks once a second, which measures the speed, and logs a line when it is time for one.
func (d display) log(ctx context.Context, console *Console) {
	log := slog.New(slog.NewTextHandler(console, nil))
	start := time.Now()
	d.look(start)
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for next := start.Add(logEvery); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			d.look(now)
			if !now.Before(next) {
				next = next.Add(logEvery)
				d.line(log)
			}
		}
	}
}
