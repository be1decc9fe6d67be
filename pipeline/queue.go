package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

const queueUsage = `Usage: go run ./pipeline queue [show | retry | drop] [flags] [FILE...]

Shows the jobs for workers on other machines, tries those anew that failed too
often (the dead), or forgets them. FILEs are the inputs of some of the dead;
without any, all are meant.

  go run ./pipeline queue --redis=redis://node1:6379
  go run ./pipeline queue retry /data/chains/2026/golang/part-1.parquet

Flags:
`

// queueOptions is what 'pipeline queue' is asked for.
type queueOptions struct {
	action string // show, retry or drop
	redis  string
	queue  string
	root   string // where the settings' file may be
	config string
	json   bool
	files  []string // inputs of dead jobs; none: all
	from   map[string]string
}

// queueCommand runs 'pipeline queue' and returns the exit code.
func queueCommand(args []string, out, errs io.Writer) int {
	o, err := parseQueue(args, out)
	if err == nil {
		err = o.run(context.Background(), out)
	}
	return failed(err, errs)
}

// queueActions are what may follow the command's name.
var queueActions = []string{"show", "retry", "drop"}

func (o *queueOptions) flags() *flag.FlagSet {
	flags := flag.NewFlagSet("queue", flag.ContinueOnError)
	redisFlags(flags, &o.redis, &o.queue)
	flags.StringVar(&o.root, "root", "", "`folder` with threadloom.toml, if there is one")
	configFlag(flags, &o.config)
	flags.BoolVar(&o.json, "json", false, "print JSON on standard output")
	return flags
}

func queueFlags() *flag.FlagSet { return new(queueOptions).flags() }

func parseQueue(args []string, out io.Writer) (queueOptions, error) {
	o := queueOptions{action: "show"}
	flags := o.flags()
	flags.SetOutput(io.Discard)
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		o.action, args = args[0], args[1:]
	}
	if !slices.Contains(queueActions, o.action) {
		return o, usagef("queue: unknown action %q: show, retry or drop", withoutURL(o.action))
	}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, queueUsage)
		flags.SetOutput(out)
		flags.PrintDefaults()
		fmt.Fprint(out, underFlagsText)
		return o, err
	}
	if err != nil {
		return o, usagef("queue: %w (--help lists the flags)", err)
	}
	if o.from, err = underFlags(flags, os.LookupEnv, others{known: withBeams(runFlags(&Config{}))}); err != nil {
		return o, err
	}
	o.files = flags.Args()
	if o.action == "show" && len(o.files) > 0 {
		return o, usagef("queue show: unknown argument %q: only retry and drop take files", withoutURL(o.files[0]))
	}
	return o, nil
}

func (o queueOptions) run(ctx context.Context, out io.Writer) (err error) {
	queue, err := mpsbridge.Open(ctx, o.redis, o.queue)
	if err != nil {
		return withOrigins(usageError{err}, o.from)
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	status, err := queue.Status(ctx)
	if err != nil {
		return err
	}
	if o.action == "show" {
		if o.json {
			return json.NewEncoder(out).Encode(status)
		}
		_, err = io.WriteString(out, queueText(o.queue, status))
		return err
	}
	jobs, err := deadJobs(status.Dead, o.files)
	if err != nil {
		return err
	}
	settle, done := queue.Retry, "retried"
	if o.action == "drop" {
		settle, done = queue.Drop, "dropped"
	}
	n, err := settle(ctx, jobs)
	if err != nil {
		return err
	}
	if o.json {
		return json.NewEncoder(out).Encode(map[string]int{done: n})
	}
	_, err = fmt.Fprintf(out, "%s %d of %d dead jobs\n", done, n, len(status.Dead))
	return err
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
			return nil, usagef("no dead job of %s: 'pipeline queue' lists the dead", input)
		}
	}
	return jobs, nil
}

// shownBytes bounds what is shown of a job that is none.
const shownBytes = 80

// inputOf names a job by its input. What is no job is quoted, so that it stays on
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

// queueText is a queue's status for readers.
func queueText(name string, s mpsbridge.Status) string {
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
