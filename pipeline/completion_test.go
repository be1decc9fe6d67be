package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// completeIn completes a command line in bash, whose words are split as bash does it.
func completeIn(t *testing.T, words ...string) []string {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash on this machine: apt-get install bash, or brew install bash")
	}
	script := bashScript("threadloom", completions()) + `
compopt() { :; } # it only works while a line is completed
COMP_WORDS=(threadloom "$@")
COMP_CWORD=$#
_threadloom
printf '%s\n' "${COMPREPLY[@]}"
`
	out, err := exec.Command(bash, append([]string{"-c", script, "bash"}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Fields(string(out))
}

func TestBashCompletesCommandsFlagsAndValues(t *testing.T) {
	for name, c := range map[string]struct {
		words []string
		want  string
	}{
		"commands":             {[]string{""}, "run plan verify assign doctor config queue completion"},
		"a command":            {[]string{"ver"}, "verify"},
		"flags of a command":   {[]string{"plan", "--prec"}, "--precision="},
		"flags of a run":       {[]string{"--metrics_a"}, "--metrics_addr="},
		"a flag without value": {[]string{"run", "--js"}, "--json"},
		"values":               {[]string{"run", "--check", "="}, "exists footer fingerprint"},
		"a value":              {[]string{"run", "--check", "=", "foo"}, "footer"},
		"actions":              {[]string{"queue", "re"}, "retry"},
		"the queue's flags":    {[]string{"queue", "--prec"}, ""},
		"shells":               {[]string{"completion", "z"}, "zsh"},
		"any value":            {[]string{"run", "--suffix", "=", "x"}, ""},
	} {
		if got := strings.Join(completeIn(t, c.words...), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestEveryFlagIsCompletedInEveryShell(t *testing.T) {
	flags := runFlags(&Config{})
	for shell, script := range scripts {
		text := script("threadloom", completions())
		for _, f := range completions()[0].flags {
			want := map[string]string{"bash": "--" + f.name, "zsh": "'--" + f.name, "fish": "-l " + f.name + " "}[shell]
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s", shell, want)
			}
		}
		if flags.Lookup("check") == nil || !strings.Contains(text, "exists footer fingerprint") {
			t.Errorf("%s: no values of --check", shell)
		}
	}
	for name, values := range choices() {
		f := flags.Lookup(name)
		if f == nil {
			t.Errorf("there are choices for --%s, and no such flag", name)
			continue
		}
		for _, v := range values {
			if !strings.Contains(f.Usage, v) {
				t.Errorf("--%s: the help does not name %s", name, v)
			}
		}
	}
}

func TestZshAndFishReadTheirScripts(t *testing.T) {
	for _, shell := range []string{"zsh", "fish"} {
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s on this machine", shell)
			continue
		}
		command := exec.Command(path, "-n") // parse, do not run
		command.Stdin = strings.NewReader(scripts[shell]("threadloom", completions()))
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	for _, c := range commands() {
		var out, errs bytes.Buffer
		if code := c.run([]string{"--help"}, &out, &errs); code != exitDone || errs.Len() > 0 {
			t.Errorf("%s --help: %d, %s", c.name, code, errs.String())
		}
		if !strings.HasPrefix(out.String(), "Usage: ") || strings.Count(out.String(), "\n  ") < 2 {
			t.Errorf("%s --help: no example in %q", c.name, out.String())
		}
	}
}
