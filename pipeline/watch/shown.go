package watch

import (
	"context"
	"sync"
	"time"

	"github.com/threadloom/threadloom/pipeline/config"
)

// shown shows how far a command is, in one of two ways, until the function that it returns is called.
func shown(ctx context.Context, kind string, bar, log func(context.Context)) (stop func()) {
	if kind == config.ProgressNone {
		return func() {}
	}
	show := log
	if kind == config.ProgressBar {
		show = bar
	}
	ctx, cancel := context.WithCancel(ctx)
	var showing sync.WaitGroup
	showing.Go(func() { show(ctx) })
	return func() {
		cancel()
		showing.Wait()
	}
}

// logged calls look once a second, which measures the speed, and line when it is time for a line in
// the log.
func logged(ctx context.Context, look func(now time.Time), line func()) {
	start := time.Now()
	look(start)
	tick := time.NewTicker(paceEvery)
	defer tick.Stop()
	for next := start.Add(logEvery); ; {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			look(now)
			if !now.Before(next) {
				next = next.Add(logEvery)
				line()
			}
		}
	}
}
