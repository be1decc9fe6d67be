package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms"
)

const completionUsage = `Usage: go run ./pipeline completion bash|zsh|fish [NAME]

Prints what a shell needs to complete commands, flags and their values for the program
NAME (default: this program's own).

  go build -o ~/bin/threadloom ./pipeline
  threadloom completion bash > ~/.local/share/bash-completion/completions/threadloom
  threadloom completion zsh > ~/.zfunc/_threadloom        (with ~/.zfunc in fpath, before compinit)
  threadloom completion fish > ~/.config/fish/completions/threadloom.fish
`

// scripts make the completion of a shell, from what can be completed.
var scripts = map[string]func(name string, all []completed) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}

func shells() []string { return slices.Sorted(maps.Keys(scripts)) }

// completed is what can be completed after one command.
type completed struct {
	name, help string
	words      []string
	flags      []completedFlag
}

// completedFlag is one flag.
type completedFlag struct {
	name, help string
	values     []string // that it takes; none: any
	kind       string   // "", "file" or "folder"
	alone      bool     // it needs no value
}

// completionCommand runs 'pipeline completion' and returns the exit code.
func completionCommand(args []string, out, errs io.Writer) int {
	flags := flag.NewFlagSet("completion", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, completionUsage)
		return exitDone
	}
	if err != nil {
		return failed(usagef("completion: %w", err), errs)
	}
	script, known := scripts[flags.Arg(0)]
	if !known || flags.NArg() > 2 {
		return failed(usagef("completion: want one of %s, and perhaps the program's name", strings.Join(shells(), ", ")), errs)
	}
	name := flags.Arg(1)
	if name == "" {
		name = filepath.Base(os.Args[0])
	}
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
		return failed(usagef("completion: %q is no name of a program", name), errs)
	}
	_, err = io.WriteString(out, script(name, completions()))
	return failed(err, errs)
}

// choices are the values of flags that take few.
func choices() map[string][]string {
	return map[string][]string{
		"precision": models.Precisions(), "accelerator": models.Accelerators(), "check": transforms.Checks(),
		"long_text": {models.Truncate, models.Chunk}, "progress": {progressAuto, progressBar, progressLog, progressNone},
		"cluster_by": {"all", "subreddit"}, "cluster_method": clusterMethods,
	}
}

// completions returns what can be completed, from the commands' flag sets.
func completions() []completed {
	var all []completed
	for _, c := range commands() {
		one := completed{name: c.name, help: c.help, words: c.words}
		if c.flags != nil {
			c.flags().VisitAll(func(f *flag.Flag) { one.flags = append(one.flags, completable(f)) })
		}
		one.flags = append(one.flags, completedFlag{name: "help", help: "show the flags", alone: true})
		all = append(all, one)
	}
	return all
}

func completable(f *flag.Flag) completedFlag {
	name, usage := flag.UnquoteUsage(f)
	b, isBool := f.Value.(interface{ IsBoolFlag() bool })
	c := completedFlag{name: f.Name, help: usage, values: choices()[f.Name], alone: isBool && b.IsBoolFlag()}
	switch name {
	case "folder":
		c.kind = "folder"
	case "file", "jar", "library", "path", "interpreter":
		c.kind = "file"
	}
	return c
}
