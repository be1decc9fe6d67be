package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func environment(lines ...string) func() []string { return func() []string { return lines } }

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
	c := ForRun()
	if err := c.flags.Parse([]string{"--suffix=flag"}); err != nil {
		t.Fatal(err)
	}
	err := c.Settings.Read(environment("THREADLOOM_ROOT="+root, "THREADLOOM_SUFFIX=environment", "THREADLOOM_PRECISION=auto", "THREADLOOM_PROMPT="))
	if err != nil {
		t.Fatal(err)
	}
	if c.Files.Suffix != "flag" || c.Model.Precision != "auto" || c.Files.TextColumn != "body" {
		t.Errorf("got suffix %q, precision %q, text column %q", c.Files.Suffix, c.Model.Precision, c.Files.TextColumn)
	}
	if c.Clustering.On || c.Model.TokenBudget != 512 || c.Workers.Share != 0.25 || c.Workers.ClaimTimeout != 3*time.Minute || !slices.Equal(c.Outputs.Keep, []string{"a", "b"}) || !slices.Equal(c.Workers.PathMap, []string{"/a=/b", "/c=/d,e"}) {
		t.Errorf("from the file: %+v", c)
	}
	for name, want := range map[string]string{"suffix": "flag", "precision": "environment", "root": "environment", "keep": filepath.Join(root, defaultFile), "prompt": ""} {
		if c.from[name] != want {
			t.Errorf("%s is from %q, want %q", name, c.from[name], want)
		}
	}
}

func TestWrongSettingsUnderTheFlagsAreRefusedInOneLine(t *testing.T) {
	for name, c := range map[string]struct{ file, variable, want string }{
		"unknown":           {"sufix = 'x'", "", `there is no setting "sufix"`},
		"no TOML":           {"suffix =", "", "line 1"},
		"no quotes":         {"redis = secret", "", "expected value (put text in quotes)"},
		"another type":      {"token_budget = 'many'", "", "token_budget"},
		"a table":           {"[redis]\nurl = 'redis://:secret@node1'", "", "redis"},
		"a list of URLs":    {"redis = ['redis://:secret@node1']", "", "redis: want one value"},
		"several":           {"suffix = ['a', 'b']", "", "suffix: want one value"},
		"a comma in a list": {"keep = ['a,b']", "", "without commas"},
		"an empty name":     {"keep = ['a', '']", "", "none of them empty"},
		"one empty name":    {"keep = ['']", "", "none of them empty"},
		"an empty map":      {"path_map = ['']", "", "none of them empty"},
		"no name":           {"", "THREADLOOM_KEEP=a,,b", `THREADLOOM_KEEP="a,,b"`},
		"no time":           {"mps_claim_timeout = 'soon'", "", "a number of seconds"},
		"a file in a file":  {"config = 'x'", "", "config"},
		"a variable":        {"", "THREADLOOM_TOKEN_BUDGET=many", "THREADLOOM_TOKEN_BUDGET"},
	} {
		path := filepath.Join(t.TempDir(), "settings.toml")
		if err := os.WriteFile(path, []byte(c.file), 0o666); err != nil {
			t.Fatal(err)
		}
		got := ForRun()
		err := got.Settings.Read(environment("THREADLOOM_CONFIG="+path, c.variable))
		var usage UsageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one line with %q", name, err, c.want)
		}
	}
	got := ForRun()
	if err := got.Settings.Read(environment("THREADLOOM_CONFIG=/nowhere.toml")); err == nil {
		t.Error("a file that was named and is not there was passed over")
	}
	if err := got.Settings.Read(environment("THREADLOOM_ROOT=/nowhere")); err != nil && !strings.Contains(err.Error(), "nowhere.toml") {
		t.Errorf("a root without a file: %v", err)
	}
}

func TestAnEmptyListIsAnEmptyList(t *testing.T) {
	for name, c := range map[string]struct{ arguments, variable, file string }{
		"flag before the file":        {"--keep= --mps_subreddits= --path_map=", "", `keep = ["a"]` + "\n" + `mps_subreddits = ["a"]` + "\n" + `path_map = ["/a=/b"]`},
		"file":                        {"", "", "keep = []\nmps_subreddits = []\npath_map = []"},
		"file, as on a command line":  {"", "", "keep = ''\nmps_subreddits = ''\npath_map = ''"},
		"variable counts for nothing": {"", "THREADLOOM_KEEP=", ""},
	} {
		path := filepath.Join(t.TempDir(), "settings.toml")
		if err := os.WriteFile(path, []byte(c.file), 0o666); err != nil {
			t.Fatal(err)
		}
		got := ForRun()
		if err := got.flags.Parse(strings.Fields(c.arguments)); err != nil {
			t.Fatal(err)
		}
		if err := got.Settings.Read(environment("THREADLOOM_CONFIG="+path, c.variable)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got.Outputs.Keep) > 0 || len(got.Workers.Subreddits) > 0 || len(got.Workers.PathMap) > 0 || got.Workers.Partition().Bridged() {
			t.Errorf("%s: keep %q, subreddits %q, maps %q", name, got.Outputs.Keep, got.Workers.Subreddits, got.Workers.PathMap)
		}
	}
}

func TestTimesHaveUnitsOrAreSeconds(t *testing.T) {
	for _, c := range []struct{ arguments, variable, file string }{
		{"--mps_claim_timeout=90", "THREADLOOM_BRIDGE_LOST_AFTER=0.25", ""},
		{"--mps_claim_timeout=1m30s", "", "bridge_lost_after = 0.25"},
		{"", "", "mps_claim_timeout = 90\nbridge_lost_after = '250ms'"},
	} {
		path := filepath.Join(t.TempDir(), "settings.toml")
		if err := os.WriteFile(path, []byte(c.file), 0o666); err != nil {
			t.Fatal(err)
		}
		got := ForRun()
		if err := got.flags.Parse(strings.Fields(c.arguments)); err != nil {
			t.Fatal(err)
		}
		if err := got.Settings.Read(environment("THREADLOOM_CONFIG="+path, c.variable)); err != nil {
			t.Fatal(err)
		}
		if got.Workers.ClaimTimeout != 90*time.Second || got.Workers.LostAfter != 250*time.Millisecond {
			t.Errorf("%v: %v and %v", c, got.Workers.ClaimTimeout, got.Workers.LostAfter)
		}
	}
}

func TestACommandTakesItsOwnSettingsFromASharedFile(t *testing.T) {
	root := t.TempDir()
	content := "text_column = 'body'\nsuffix = 'posts'\nprecision = 'bf16'\nmodel = '/the/one/that/embeds'\nqueue = 'tea'\n"
	path := filepath.Join(root, defaultFile)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	c := ForAssign()
	if err := c.flags.Parse([]string{"--model=/clusters/model", "--root=" + root}); err != nil {
		t.Fatal(err)
	}
	err := c.Read(environment("THREADLOOM_MODEL=/other", "THREADLOOM_CHAINS_DIR=/chains"))
	if err != nil || c.Files.TextColumn != "body" || c.Files.Suffix != "posts" || c.Model != "/clusters/model" || c.Files.ChainsDir != "/chains" {
		t.Errorf("assign: %+v, error %v", c, err)
	}
	o := ForQueue()
	err = o.Read(environment("THREADLOOM_ROOT=" + root))
	if err != nil || o.Redis.Queue != "tea" || o.from["queue"] != path {
		t.Errorf("queue: %+v, from %v, error %v", o, o.from, err)
	}
	if err := os.WriteFile(path, []byte("sufix = 'x'"), 0o666); err != nil {
		t.Fatal(err)
	}
	o = ForQueue()
	if err := o.Read(environment("THREADLOOM_ROOT=" + root)); err == nil || !strings.Contains(err.Error(), `"sufix" (did you mean suffix?)`) {
		t.Errorf("a misspelt setting of another command: %v", err)
	}
}
