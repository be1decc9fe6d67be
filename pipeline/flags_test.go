package main

import (
	"bytes"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
)

// parse reads the command line of a run.
func parse(args ...string) (*config.Run, error) {
	c := config.ForRun()
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	c.AddFlagsTo(flags)
	twoDashes(flags, args)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return c, c.Read(os.Environ)
}

func TestParseFlags(t *testing.T) {
	for _, c := range []struct {
		name, args string
		check      func(*config.Run) bool
	}{
		{"defaults", "", func(c *config.Run) bool {
			return c.Flink.Runner == "prism" && c.Files.Suffix == "comments" && c.Files.TextColumn == "text" && c.Clustering.On && c.Clustering.By == "all" && !c.JSON && !c.Outputs.FixedSizeLists
		}},
		{"one or two dashes", "-suffix posts --json", func(c *config.Run) bool { return c.Files.Suffix == "posts" && c.JSON }},
		{"no clustering", "--cluster=false", func(c *config.Run) bool { return !c.Clustering.On }},
		{"columns to keep", "--keep=a,b", func(c *config.Run) bool { return slices.Equal(c.Outputs.Keep, []string{"a", "b"}) }},
		{"fixed-size lists", "--fixed_size_lists", func(c *config.Run) bool { return c.Outputs.FixedSizeLists && c.Embedding().FixedSizeLists }},
		{"a flag of Beam's", "--job_name=night --runner=prism", func(c *config.Run) bool { return c.Flink.Runner == "prism" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parse(strings.Fields(c.args)...)
			if err != nil || !c.check(got) {
				t.Fatalf("got %+v, error %v", got, err)
			}
		})
	}
}

func TestWrongFlagsAreRefusedInOneLine(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--sufix=posts", "-sufix (--help"},
		{"--token_budget=many", "token_budget"},
		{"posts", `unknown argument "posts"`},
		{"--keep=text", `--keep: the text column "text"`},
	} {
		var errs bytes.Buffer
		code := execute(strings.Fields(c.args), io.Discard, &errs)
		if err := strings.TrimSuffix(errs.String(), "\n"); code != job.ExitUsage || !strings.Contains(err, c.want) || strings.Contains(err, "\n") {
			t.Errorf("%s: error %q, want one line with %q", c.args, err, c.want)
		}
	}
}

func TestHelpListsOurFlags(t *testing.T) {
	var out bytes.Buffer
	if code := execute([]string{"run", "--help"}, &out, io.Discard); code != job.ExitDone {
		t.Fatalf("exit code %d", code)
	}
	for _, want := range []string{"-root", "-cluster_by", "go run ./pipeline --runner=prism"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("help lacks %q", want)
		}
	}
}
