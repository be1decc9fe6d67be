package main

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// some are flags of each kind, with those by which the file is found.
func some() (flags *flag.FlagSet, c *Config) {
	c = &Config{}
	return runFlags(c), c
}

func environment(lines ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, line := range lines {
			if value, found := strings.CutPrefix(line, name+"="); found {
				return value, true
			}
		}
		return "", false
	}
}

func TestFlagsGoBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	root := t.TempDir()
	settings := `suffix = "file"
precision = "bf16"
text_column = "body"
cluster = false
token_budget = 512
mps_share = 0.25
mps_claim_timeout = "3m"
keep = ["a", "b"]
path_map = ["/a=/b", "/c=/d,e"]
`
	if err := os.WriteFile(filepath.Join(root, defaultFile), []byte(settings), 0o666); err != nil {
		t.Fatal(err)
	}
	flags, c := some()
	if err := flags.Parse([]string{"--suffix=flag"}); err != nil {
		t.Fatal(err)
	}
	from, err := underFlags(flags, environment("THREADLOOM_ROOT="+root, "THREADLOOM_SUFFIX=environment", "THREADLOOM_PRECISION=auto", "THREADLOOM_PROMPT="))
	if err != nil {
		t.Fatal(err)
	}
	if c.Suffix != "flag" || c.Precision != "auto" || c.TextColumn != "body" {
		t.Errorf("got suffix %q, precision %q, text column %q", c.Suffix, c.Precision, c.TextColumn)
	}
	if c.Cluster || c.TokenBudget != 512 || c.MPSShare != 0.25 || c.ClaimTimeout != 3*time.Minute || !slices.Equal(c.Keep, []string{"a", "b"}) || !slices.Equal(c.PathMap, []string{"/a=/b", "/c=/d,e"}) {
		t.Errorf("from the file: %+v", c)
	}
	for name, want := range map[string]string{"suffix": "flag", "precision": "environment", "root": "environment", "keep": filepath.Join(root, defaultFile), "prompt": ""} {
		if from[name] != want {
			t.Errorf("%s is from %q, want %q", name, from[name], want)
		}
	}
}

func TestWrongSettingsUnderTheFlagsAreRefusedInOneLine(t *testing.T) {
	for name, c := range map[string]struct{ file, variable, want string }{
		"unknown":           {"sufix = 'x'", "", `there is no setting "sufix"`},
		"no TOML":           {"suffix =", "", "line 1"},
		"another type":      {"token_budget = 'many'", "", "token_budget"},
		"a table":           {"[redis]\nurl = 'x'", "", "redis"},
		"several":           {"suffix = ['a', 'b']", "", "suffix: one value"},
		"a comma in a list": {"keep = ['a,b']", "", "without commas"},
		"a file in a file":  {"config = 'x'", "", "config"},
		"a variable":        {"", "THREADLOOM_TOKEN_BUDGET=many", "THREADLOOM_TOKEN_BUDGET"},
	} {
		path := filepath.Join(t.TempDir(), "settings.toml")
		if err := os.WriteFile(path, []byte(c.file), 0o666); err != nil {
			t.Fatal(err)
		}
		flags, _ := some()
		_, err := underFlags(flags, environment("THREADLOOM_CONFIG="+path, c.variable))
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one line with %q", name, err, c.want)
		}
	}
	flags, _ := some()
	if _, err := underFlags(flags, environment("THREADLOOM_CONFIG=/nowhere.toml")); err == nil {
		t.Error("a file that was named and is not there was passed over")
	}
	if _, err := underFlags(flags, environment("THREADLOOM_ROOT=/nowhere")); err != nil && !strings.Contains(err.Error(), "nowhere.toml") {
		t.Errorf("a root without a file: %v", err)
	}
}

func TestVariablesThatAreNoSettingsAreTold(t *testing.T) {
	flags, _ := some()
	got := unknownVariables(flags, []string{"THREADLOOM_SUFIX=x", "THREADLOOM_SUFFIX=x", "THREADLOOM_REDIS_PASSWORD=x", "PATH=/bin", "THREADLOOM_Suffix=x"})
	if want := []string{"THREADLOOM_SUFIX", "THREADLOOM_Suffix"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
