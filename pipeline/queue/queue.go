// Package queue shows, retries and drops the jobs of workers on other machines.
package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// Actions are what can be done with jobs; the first is meant if none is named.
func Actions() []string { return []string{"show", "retry", "drop"} }

// Act shows the queue, or retries or drops the dead jobs of some inputs; none: of all. It returns
// the result for JSON and for readers.
func Act(ctx context.Context, redis config.Redis, action string, inputs []string) (result any, text string, err error) {
	queue, err := mpsbridge.Open(ctx, redis.URL, redis.Queue)
	if err != nil {
		return nil, "", config.Usagef("%w", err)
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	status, err := queue.Status(ctx)
	if err != nil {
		return nil, "", err
	}
	if action == "show" {
		return status, statusText(redis.Queue, status), nil
	}
	jobs, err := deadJobs(status.Dead, inputs)
	if err != nil {
		return nil, "", err
	}
	settle, done := queue.Retry, "retried"
	if action == "drop" {
		settle, done = queue.Drop, "dropped"
	}
	n, err := settle(ctx, jobs)
	return map[string]int{done: n}, fmt.Sprintf("%s %d of %d dead jobs\n", done, n, len(status.Dead)), err
}

// deadJobs returns the dead jobs of some inputs, or of all if none are named. A name
// without a dead job is a mistake: nothing is done then.
func deadJobs(dead []mpsbridge.DeadJob, inputs []string) ([]string, error) {
	var jobs []string
	for _, d := range dead {
		if len(inputs) == 0 || slices.Contains(inputs, inputOf(d.Job)) {
			jobs = append(jobs, d.Job)
		}
	}
	for _, input := range inputs {
		if !slices.ContainsFunc(dead, func(d mpsbridge.DeadJob) bool { return inputOf(d.Job) == input }) {
			return nil, config.Usagef("no dead job of %s: 'pipeline queue' lists the dead", input)
		}
	}
	return jobs, nil
}

// shownBytes bounds what is shown of a job that is none.
const shownBytes = 80

// inputOf names a job by its input. Text that is no job is quoted, so that it stays on
// its line and cannot speak to the terminal.
func inputOf(raw string) string {
	j, err := mpsbridge.ParseJob(raw)
	switch {
	case err == nil && strconv.Quote(j.InputPath) == `"`+j.InputPath+`"`:
		return j.InputPath
	case err == nil:
		return strconv.Quote(j.InputPath)
	case len(raw) > shownBytes:
		return strconv.Quote(raw[:shownBytes]) + "…"
	}
	return strconv.Quote(raw)
}

// statusText is a queue's status for readers.
func statusText(name string, s mpsbridge.Status) string {
	var b strings.Builder
	fmt.Fprintf(&b, "queue     %s\n", name)
	fmt.Fprintf(&b, "todo      %d\n", s.Todo)
	fmt.Fprintf(&b, "delayed   %d, to be tried again\n", s.Delayed)
	fmt.Fprintf(&b, "workers   %d\n", len(s.Workers))
	for _, w := range s.Workers {
		state := "live"
		if !w.Live {
			state = "lost"
		}
		fmt.Fprintf(&b, "  %s  %s, seen %s ago", w.Name, state, w.Seen.Round(time.Second))
		if w.Rows > 0 {
			fmt.Fprintf(&b, ", %d rows, %.0f rows/s", w.Rows, w.RowsPerSecond)
		}
		b.WriteByte('\n')
		for _, j := range w.Jobs {
			age := "not begun"
			if j.Age > 0 {
				age = "begun " + j.Age.Round(time.Second).String() + " ago"
			}
			fmt.Fprintf(&b, "    %s  %s\n", inputOf(j.Job), age)
		}
	}
	fmt.Fprintf(&b, "dead      %d\n", len(s.Dead))
	for _, d := range s.Dead {
		fmt.Fprintf(&b, "  %s  %d attempts, the last by %s: %s%q\n", inputOf(d.Job), d.Attempts, d.Worker, codeOf(d), d.Reason)
	}
	return b.String()
}

// codeOf is the code of a dead job, to be put before its reason. Whoever writes to Redis chose it.
func codeOf(d mpsbridge.DeadJob) string {
	if !deadletter.Known(deadletter.Code(d.Code)) {
		return ""
	}
	return d.Code + ": "
}
