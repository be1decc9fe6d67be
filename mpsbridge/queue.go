package mpsbridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// Attempts is the number of failed attempts after which a job is dead.
	Attempts = 3
	// tombstone is how long the list of a lost worker is still looked at.
	tombstone = time.Hour
	// pieceOfJobs bounds the jobs of one script, because Redis does nothing else while it runs.
	pieceOfJobs = 10_000
	// eventsAtOnce bounds the events of one call.
	eventsAtOnce = 1000
)

// Queue is the pipeline's end of the bridge. It is safe for concurrent use.
type Queue struct {
	keys
	client *redis.Client
}

// Reaped is what Reap did.
type Reaped struct {
	Requeued int // jobs of lost workers, in todo again
	Buried   int // jobs that were lost once too often
	Due      int // jobs whose delay was over
	Live     int // workers with a lease
}

// Event is something that happened to a job: "done", "dead" or "requeued".
type Event struct{ Kind, Job, Worker string }

// DeadJob is a job that nobody tries any more.
type DeadJob struct {
	Job      string `json:"job"`
	Attempts int    `json:"attempts"`
	Code     string `json:"code,omitempty"` // one of transforms/deadletter; older workers give none
	Reason   string `json:"reason"`
	Worker   string `json:"worker"`
	At       int64  `json:"at"` // ms, Redis's time
}

// Withdraw takes jobs out of the queue, at most so many, the last one first. It returns
// those that it took. No worker has one of these, and none can get one.
func (q *Queue) Withdraw(ctx context.Context, jobs []string, most int) (taken []string, err error) {
	keys := []string{q.todo(), q.delayed(), q.attempts(), q.replace()}
	for end := len(jobs); end > 0 && len(taken) < most; end -= pieceOfJobs {
		piece := jobs[max(0, end-pieceOfJobs):end]
		some, err := withdrawScript.Run(ctx, q.client, keys, arguments(piece, most-len(taken))...).StringSlice()
		if err != nil {
			return taken, q.wrap("taking jobs back", err)
		}
		taken = append(taken, some...)
	}
	return taken, nil
}

// Reap puts the jobs of lost workers, and those that are due, back into todo.
func (q *Queue) Reap(ctx context.Context) (Reaped, error) {
	keys := []string{
		q.workers(), q.lists(), q.todo(), q.attempts(), q.dead(), q.delayed(), q.begun(), q.events(), q.rows(),
	}
	n, err := reapScript.Run(ctx, q.client, keys, q.active(""), Attempts, tombstone.Milliseconds()).Int64Slice()
	if err != nil || len(n) != 4 {
		return Reaped{}, q.wrap("looking for lost workers", err)
	}
	return Reaped{int(n[0]), int(n[1]), int(n[2]), int(n[3])}, nil
}

// Replace tells workers to embed the files of these jobs although they have an output.
func (q *Queue) Replace(ctx context.Context, jobs []string) error {
	for piece := range slices.Chunk(jobs, pieceOfJobs) {
		ids := make([]any, len(piece))
		for i, job := range piece {
			ids[i] = identity(job)
		}
		if err := q.client.SAdd(ctx, q.replace(), ids...).Err(); err != nil {
			return q.wrap("having outputs replaced", err)
		}
	}
	return nil
}

// Events returns the events after a given one, and the name of the last one for the next call.
// If there is none, it waits for one, but not longer than wait. If after is "", it returns only
// a name.
func (q *Queue) Events(ctx context.Context, after string, wait time.Duration) (events []Event, next string, err error) {
	if after == "" {
		last, err := q.client.XRevRangeN(ctx, q.events(), "+", "-", 1).Result()
		if err != nil {
			return nil, "", q.wrap("reading events", err)
		}
		if len(last) > 0 {
			return nil, last[0].ID, nil
		}
		return nil, "0-0", nil
	}
	if wait <= 0 {
		wait = -1 // Redis takes 0 for ever
	}
	streams, err := q.client.XRead(ctx, &redis.XReadArgs{
		Streams: []string{q.events(), after}, Count: eventsAtOnce, Block: wait,
	}).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, after, q.wrap("reading events", err)
	}
	for _, s := range streams {
		for _, m := range s.Messages {
			field := func(name string) string { s, _ := m.Values[name].(string); return s }
			events = append(events, Event{field("event"), field("job"), field("worker")})
			after = m.ID
		}
	}
	return events, after, nil
}

// DeadOf returns the dead ones among the jobs.
func (q *Queue) DeadOf(ctx context.Context, jobs []string) (map[string]DeadJob, error) {
	dead := map[string]DeadJob{}
	for piece := range slices.Chunk(jobs, pieceOfJobs) {
		values, err := q.client.HMGet(ctx, q.dead(), piece...).Result()
		if err != nil {
			return dead, q.wrap("looking for dead jobs", err)
		}
		for i, v := range values {
			if s, ok := v.(string); ok {
				dead[piece[i]] = deadJob(piece[i], s)
			}
		}
	}
	return dead, nil
}

func deadJob(job, value string) DeadJob {
	d := DeadJob{Reason: value} // an entry that another program wrote is shown unchanged
	if json.Unmarshal([]byte(value), &d) != nil {
		d = DeadJob{Reason: value}
	}
	d.Job = job
	return d
}

// Publish tells the workers the settings of the run that writes below root, as they call it.
func (q *Queue) Publish(ctx context.Context, root string, s Settings) error {
	value, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("settings for the workers: %w", err)
	}
	return q.wrap("telling the workers the settings", q.client.HSet(ctx, q.roots(), root, value).Err())
}

// Close closes the connections.
func (q *Queue) Close() error { return q.client.Close() }

func (q *Queue) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redis at %s, queue %s: %s: %w", q.client.Options().Addr, q.queue, doing, err)
}

// arguments returns the arguments of a script: some values and then the jobs.
func arguments(jobs []string, first ...any) []any {
	all := append(make([]any, 0, len(first)+len(jobs)), first...)
	for _, job := range jobs {
		all = append(all, job)
	}
	return all
}

// milliseconds reads a time that Redis stores.
func milliseconds(s string) int64 {
	s, _, _ = strings.Cut(s, ".")
	n, _ := strconv.ParseInt(s, 10, 64) // 0 if it is no number: long ago
	return n
}
