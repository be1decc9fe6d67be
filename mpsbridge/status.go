package mpsbridge

import (
	"context"
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Status is what is in a queue.
type Status struct {
	Todo    int            `json:"todo"`
	Delayed int            `json:"delayed"`
	Workers []WorkerStatus `json:"workers"`
	Dead    []DeadJob      `json:"dead"`
}

// WorkerStatus is a worker and the jobs that it holds.
type WorkerStatus struct {
	Name string        `json:"name"`
	Live bool          `json:"live"`        // its lease has not ended
	Seen time.Duration `json:"seen_ns_ago"` // since its last sign of life
	Jobs []ActiveJob   `json:"jobs"`
	// Rows that the worker has embedded, and how many in a second; 0 if it is not known.
	Rows          int64   `json:"rows"`
	RowsPerSecond float64 `json:"rows_per_second"`
}

// ActiveJob is a job that a worker holds.
type ActiveJob struct {
	Job string        `json:"job"`
	Age time.Duration `json:"age_ns"` // since it was begun; 0: it was not yet
}

// Status reads all lists. They may change meanwhile, so programs must not rely on it.
func (q *Queue) Status(ctx context.Context) (Status, error) {
	pipe := q.client.Pipeline()
	todo, delayed := pipe.LLen(ctx, q.todo()), pipe.ZCard(ctx, q.delayed())
	dead, clock := pipe.HGetAll(ctx, q.dead()), pipe.Time(ctx)
	leases, seen := pipe.ZRangeWithScores(ctx, q.workers(), 0, -1), pipe.ZRangeWithScores(ctx, q.lists(), 0, -1)
	begun, rows := pipe.HGetAll(ctx, q.begun()), pipe.HGetAll(ctx, q.rows())
	if _, err := pipe.Exec(ctx); err != nil {
		return Status{}, q.wrap("reading the lists", err)
	}
	now := clock.Val().UnixMilli()
	s := Status{Todo: int(todo.Val()), Delayed: int(delayed.Val()), Workers: []WorkerStatus{}, Dead: []DeadJob{}}
	live := map[string]bool{}
	for _, z := range leases.Val() {
		live[z.Member.(string)] = int64(z.Score) >= now
	}
	for _, z := range seen.Val() {
		w := WorkerStatus{Name: z.Member.(string), Seen: time.Duration(now-int64(z.Score)) * time.Millisecond, Jobs: []ActiveJob{}}
		w.Live = live[w.Name]
		w.Rows, w.RowsPerSecond = speed(rows.Val()[w.Name])
		jobs, err := q.client.LRange(ctx, q.active(w.Name), 0, -1).Result()
		if err != nil {
			return Status{}, q.wrap("reading a worker's list", err)
		}
		for _, job := range jobs {
			a := ActiveJob{Job: job}
			if at, ok := begun.Val()[identity(job)]; ok {
				a.Age = time.Duration(now-milliseconds(at)) * time.Millisecond
			}
			w.Jobs = append(w.Jobs, a)
		}
		if w.Live || len(w.Jobs) > 0 {
			s.Workers = append(s.Workers, w)
		}
	}
	for job, value := range dead.Val() {
		s.Dead = append(s.Dead, deadJob(job, value))
	}
	slices.SortFunc(s.Dead, func(a, b DeadJob) int { return strings.Compare(a.Job, b.Job) })
	return s, nil
}

// speed reads a worker's entry about its rows: their number, and the ms that they took.
func speed(text string) (rows int64, perSecond float64) {
	number, took, _ := strings.Cut(text, " ")
	rows = milliseconds(number)
	if ms := milliseconds(took); ms > 0 {
		perSecond = float64(rows) * 1000 / float64(ms)
	}
	return rows, perSecond
}

// identity returns the field of a job in the hashes.
func identity(job string) string {
	sum := sha1.Sum([]byte(job)) //nolint:gosec // as Redis's sha1hex; not for secrecy
	return hex.EncodeToString(sum[:])
}

// Retry puts dead jobs back into todo and returns how many there were.
func (q *Queue) Retry(ctx context.Context, jobs []string) (int, error) {
	return q.settle(ctx, "retry", jobs)
}

// Drop forgets dead jobs and returns how many there were.
func (q *Queue) Drop(ctx context.Context, jobs []string) (int, error) {
	return q.settle(ctx, "drop", jobs)
}

func (q *Queue) settle(ctx context.Context, how string, jobs []string) (n int, err error) {
	for piece := range slices.Chunk(jobs, pieceOfJobs) {
		some, err := retryScript.Run(ctx, q.client, []string{q.dead(), q.todo()}, arguments(piece, how)...).Int()
		if err != nil {
			return n, q.wrap("settling dead jobs", err)
		}
		n += some
	}
	return n, nil
}
