package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
)

// command is what the program does when its name is the first argument.
type command struct {
	name string
	help string // one line
	run  func(args []string, out, errs io.Writer) int
}

// commands are all of them; the first is meant where none is named.
func commands() []command {
	return []command{
		{"run", "embed and cluster what is missing", runCommand},
		{"plan", "say what a run would do, and how long it would take", planCommand},
		{"verify", "compare every output with its input", verifyCommand},
		{"doctor", "look for what a run needs on this machine, and say what to do", doctorCommand},
		{"queue", "show, retry or drop the jobs of workers on other machines", queueCommand},
	}
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

// runCommand runs 'pipeline run' and returns the exit code.
func runCommand(args []string, out, errs io.Writer) int {
	config, err := parseFlags(runUsage, args, out)
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
	case errors.As(err, &usage):
		fmt.Fprintln(errs, "error:", err)
		return exitUsage
	}
	fmt.Fprintln(errs, "error:", err)
	return exitFailed
}
