package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

const queueText = `Shows the jobs for workers on other machines, tries those anew that failed too
often (the dead), or forgets them. FILEs are the inputs of some of the dead;
without any, all are meant.`

const queueExamples = `  go run ./pipeline queue --redis=redis://node1:6379
  go run ./pipeline queue retry /data/chains/2026/golang/part-1.parquet`

// queueActions are what may follow the command's name; the first is meant if none does.
var queueActions = []string{"show", "retry", "drop"}

func queueCommand() *cobra.Command {
	c := config.ForQueue()
	cmd := newCommand(cobra.Command{
		Use: "queue [" + strings.Join(queueActions, " | ") + "] [flags] [FILE...]", Short: "show, retry or drop the jobs of workers on other machines",
		Long: queueText, Example: queueExamples,
		Args: queueArguments, ValidArgs: queueActions,
	}, c.Settings, func(cmd *cobra.Command, args []string) error {
		if err := c.Read(os.Environ); err != nil {
			return err
		}
		if len(args) == 0 {
			args = queueActions[:1]
		}
		return queue(cmd.Context(), c, args[0], args[1:], cmd.OutOrStdout())
	})
	return cmd
}

func queueArguments(_ *cobra.Command, args []string) error {
	switch {
	case len(args) > 0 && !slices.Contains(queueActions, args[0]):
		return config.Usagef("queue: unknown action %q%s: show, retry or drop", config.WithoutURL(args[0]), config.DidYouMean(args[0], queueActions))
	case len(args) > 1 && args[0] == "show":
		return config.Usagef("queue show: unknown argument %q: only retry and drop take files", config.WithoutURL(args[1]))
	}
	return nil
}

// queue shows, retries or drops the jobs of some inputs; none: of all.
func queue(ctx context.Context, c *config.Queue, action string, inputs []string, out io.Writer) (err error) {
	queue, err := mpsbridge.Open(ctx, c.Redis.URL, c.Redis.Queue)
	if err != nil {
		return config.WithOrigins(config.Usagef("%w", err), c.From())
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	status, err := queue.Status(ctx)
	if err != nil {
		return err
	}
	if action == "show" {
		return printResult(out, c.JSON, status, func() string { return statusText(c.Redis.Queue, status) })
	}
	jobs, err := deadJobs(status.Dead, inputs)
	if err != nil {
		return err
	}
	settle, done := queue.Retry, "retried"
	if action == "drop" {
		settle, done = queue.Drop, "dropped"
	}
	n, err := settle(ctx, jobs)
	if err != nil {
		return err
	}
	return printResult(out, c.JSON, map[string]int{done: n}, func() string { return fmt.Sprintf("%s %d of %d dead jobs\n", done, n, len(status.Dead)) })
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
