package watch

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
)

// askWorkersEvery is how often a run asks Redis how fast the workers are. They say it with
// each renewal of their lease, every ten seconds or so.
const askWorkersEvery = 5 * time.Second

// Workers asks for the workers' speeds until ctx ends, and returns what tells the last
// answer. Redis may be away: then nothing is told.
func Workers(ctx context.Context, redis config.Redis) func() string {
	var last atomic.Value
	last.Store("")
	go func() {
		for {
			last.Store(askWorkers(ctx, redis))
			select {
			case <-ctx.Done():
				return
			case <-time.After(askWorkersEvery):
			}
		}
	}()
	return func() string { return last.Load().(string) }
}

// askWorkers opens a connection for each question: a run of a day needs none in between.
func askWorkers(ctx context.Context, redis config.Redis) string {
	queue, err := mpsbridge.Open(ctx, redis.URL, redis.Queue)
	if err != nil {
		return ""
	}
	defer func() { _ = queue.Close() }() // nothing was written
	status, err := queue.Status(ctx)
	if err != nil {
		return ""
	}
	return speedsText(status.Workers)
}

// speedsText tells the speed of each live worker that has embedded something.
func speedsText(workers []mpsbridge.WorkerStatus) string {
	var speeds []string
	for _, w := range workers {
		if w.Live && w.Rows > 0 {
			speeds = append(speeds, fmt.Sprintf("%s %.0f rows/s", w.Name, w.RowsPerSecond))
		}
	}
	return strings.Join(speeds, ", ")
}

// speeds is what is told of the workers' speeds, in brackets.
func (p *Progress) speeds() string {
	if p.Remote == nil {
		return ""
	}
	if text := p.Remote(); text != "" {
		return " (" + text + ")"
	}
	return ""
}
