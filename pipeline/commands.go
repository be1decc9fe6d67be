package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/pipeline/lease"
)

// command is what the program does when its name is the first argument.
type command struct {
	name  string
	help  string // one line
	run   func(args []string, out, errs io.Writer) int
	flags func() *flag.FlagSet // for completion
	words []string             // that may follow the name, for completion
}

// commands are all of them; the first is meant where none is named.
func commands() []command {
	runs := func() *flag.FlagSet { return runFlags(&Config{}) }
	return []command{
		{"run", "embed and cluster what is missing", runCommand, runs, nil},
		{"plan", "say what a run would do, and how long it would take", planCommand, runs, nil},
		{"verify", "compare every output with its input", verifyCommand, runs, nil},
		{"assign", "put new chains into the clusters of an earlier run", assignCommand, func() *flag.FlagSet { return assignFlags(&Config{}) }, nil},
		{"doctor", "look for what a run needs on this machine, and say what to do", doctorCommand, runs, nil},
		{"config", "show the settings that hold, and where they are from", configCommand, runs, nil},
		{"queue", "show, retry or drop the jobs of workers on other machines", queueCommand, queueFlags, queueActions},
		{"completion", "print what a shell needs to complete the flags", completionCommand, nil, shells()},
	}
}

// commandsText lists the commands, a line each.
func commandsText() string {
	var b strings.Builder
	for _, c := range commands() {
		fmt.Fprintf(&b, "  %-10s  %s\n", c.name, c.help)
	}
	return b.String()
}

// commandFor returns what the arguments ask for, and what is left of them.
func commandFor(args []string) (command, []string) {
	all := commands()
	if len(args) > 0 {
		for _, c := range all {
			if c.name == args[0] {
				return c, args[1:]
			}
		}
	}
	return all[0], args
}

// call runs a command and returns the exit code. It says first which variables of the
// environment look like settings and are none; 'config' lists them in its result.
func (c command) call(args []string, out, errs io.Writer) int {
	wantsHelp := slices.ContainsFunc(args, func(arg string) bool { return slices.Contains([]string{"-h", "-help", "--help"}, arg) })
	if c.flags != nil && c.name != "config" && !wantsHelp {
		warnUnknown(errs, withBeams(runFlags(&Config{})), os.Environ())
	}
	return c.run(args, out, errs)
}

// runCommand runs 'pipeline run' and returns the exit code.
func runCommand(args []string, out, errs io.Writer) int {
	config, err := parseFlags(runUsage(), args, out)
	if err == nil {
		err = config.complete()
	}
	if err != nil {
		return failed(err, errs)
	}
	return run(config)
}

// failed says in one line why a command ends, and returns the exit code.
func failed(err error, errs io.Writer) int {
	var usage usageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitDone
	case errors.Is(err, lease.ErrHeld):
		fmt.Fprintln(errs, "error:", err)
		return exitOtherRun
	case errors.As(err, &usage):
		fmt.Fprintln(errs, "error:", err)
		return exitUsage
	}
	fmt.Fprintln(errs, "error:", err)
	return exitFailed
}
