package main

import (
	"bytes"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
)

// complete asks the program as the shells' scripts do, and returns the words that can come next on
// a command line.
func complete(t *testing.T, words ...string) []string {
	t.Helper()
	var out bytes.Buffer
	if code := execute(append([]string{cobra.ShellCompNoDescRequestCmd}, words...), &out, io.Discard); code != job.ExitDone {
		t.Fatalf("%v: exit code %d", words, code)
	}
	said := strings.Fields(out.String())
	said = said[:len(said)-1] // the last line is a number, which tells the script about spaces and files
	last := words[len(words)-1]
	if _, value, found := strings.Cut(last, "="); found {
		last = value
	}
	return slices.DeleteFunc(said, func(word string) bool { return !strings.HasPrefix(word, last) }) // as the scripts do
}

func TestCommandsFlagsAndValuesAreCompleted(t *testing.T) {
	for name, c := range map[string]struct {
		words []string
		want  string
	}{
		"commands":             {[]string{""}, "run import plan verify assign search explore doctor config queue completion"},
		"a command":            {[]string{"ver"}, "verify"},
		"flags of a command":   {[]string{"plan", "--prec"}, "--precision"},
		"flags of a run":       {[]string{"--metrics_a"}, "--metrics_addr"},
		"a flag without value": {[]string{"run", "--js"}, "--json"},
		"values":               {[]string{"run", "--check", ""}, "exists footer fingerprint"},
		"a value":              {[]string{"run", "--check=foo"}, "footer"},
		"actions":              {[]string{"queue", "re"}, "retry"},
		"the queue's flags":    {[]string{"queue", "--prec"}, ""},
		"shells":               {[]string{"completion", "z"}, "zsh"},
		"any value":            {[]string{"run", "--suffix", "x"}, ""},
	} {
		if got := strings.Join(complete(t, c.words...), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestTheHelpNamesTheValuesThatAreCompleted(t *testing.T) {
	withChoices := map[string]bool{}
	for _, cmd := range newRoot().Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			for _, v := range config.Choices(f) {
				withChoices[f.Name] = true
				if !strings.Contains(f.Usage, v) {
					t.Errorf("%s --%s: the help does not name %s", cmd.Name(), f.Name, v)
				}
			}
		})
	}
	if want := 7; len(withChoices) < want {
		t.Errorf("%d flags have choices, want at least %d", len(withChoices), want)
	}
}

func TestShellsReadTheirScripts(t *testing.T) {
	for _, shell := range shells() {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s on this machine", shell)
			continue
		}
		var script bytes.Buffer
		if code := execute([]string{"completion", shell, "threadloom"}, &script, io.Discard); code != job.ExitDone {
			t.Fatalf("%s: exit code %d", shell, code)
		}
		command := exec.Command(path, "-n") // parse, do not run
		command.Stdin = &script
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, c := range newRoot().Commands() {
		var out, errs bytes.Buffer
		if code := execute([]string{c.Name(), "--help"}, &out, &errs); code != job.ExitDone || errs.Len() > 0 {
			t.Errorf("%s --help: %d, %s", c.Name(), code, errs.String())
		}
		if !strings.HasPrefix(out.String(), "Usage: ") || strings.Count(out.String(), "\n  ") < 2 {
			t.Errorf("%s --help: no example in %q", c.Name(), out.String())
		}
	}
}
