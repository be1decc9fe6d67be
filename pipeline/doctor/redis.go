package doctor

import (
	"context"
	"fmt"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
)

func checkRedis(ctx context.Context, w config.Workers) []Finding {
	if !w.Asked() {
		return nil
	}
	queue, err := mpsbridge.Open(ctx, w.Redis.URL, w.Redis.Queue)
	if err != nil {
		return []Finding{fail("see docs/redis.md; without --mps_share and --mps_subreddits no Redis is needed", "%v", err)}
	}
	defer func() { _ = queue.Close() }() // only read
	status, err := queue.Status(ctx)
	if err != nil {
		return []Finding{fail("give its user what the queue needs, or name another with --redis", "%v", err)}
	}
	live := 0
	for _, w := range status.Workers {
		if w.Live {
			live++
		}
	}
	text := fmt.Sprintf("%s, queue %s: %d jobs, %d live workers, %d dead jobs", mpsbridge.Redacted(w.Redis.URL), w.Redis.Queue, status.Todo, live, len(status.Dead))
	if live == 0 {
		return []Finding{warn("start one with threadloom-worker, or the files are embedded here after --mps_claim_timeout", "%s", text)}
	}
	return []Finding{ok("%s", text)}
}
