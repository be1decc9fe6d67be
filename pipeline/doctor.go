package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
)

const doctorText = `Looks for what a run with the same flags needs on this machine: model, libraries, CPU,
folders, disk, Python, and Redis and Flink where flags name them. It embeds one text and
says which execution provider really ran. A line that is not ok says what to do.

Exit codes: 0 a run can be expected to work, 1 it cannot.`

const doctorExamples = `  go run ./pipeline doctor
  go run ./pipeline doctor --root=/data --suffix=2026 --redis=redis://node1:6379 --flink_master=node1:8081`

// How a finding turned out.
const (
	fine  = "ok"
	warns = "warn" // a run works, but
	fails = "fail"
)

// finding is one line of the doctor's.
type finding struct {
	Status string `json:"status"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	Do     string `json:"do,omitempty"` // what to do about it
}

func ok(text string, args ...any) finding {
	return finding{Status: fine, Text: fmt.Sprintf(text, args...)}
}

func warn(do, text string, args ...any) finding {
	return finding{Status: warns, Do: do, Text: fmt.Sprintf(text, args...)}
}

func fail(do, text string, args ...any) finding {
	return finding{Status: fails, Do: do, Text: fmt.Sprintf(text, args...)}
}

// checkup is something that the doctor looks at. Where it does not matter for a
// configuration, look returns none.
type checkup struct {
	name string
	look func(ctx context.Context, c *config.Config) []finding
}

var checkups = []checkup{
	{"home", lookAtHome},
	{"model", lookAtModel},
	{"library", lookAtLibraries},
	{"cpu", lookAtCPU},
	{"engine", lookAtEngine},
	{"folder", lookAtFolders},
	{"list", lookAtList},
	{"disk", lookAtDisk},
	{"python", lookAtPython},
	{"redis", lookAtRedis},
	{"flink", lookAtFlink},
	{"settings", lookAtSettings},
}

// doctorWithin bounds one checkup.
const doctorWithin = 2 * time.Minute

func doctorCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "doctor [flags]", Short: "look for what a run needs on this machine, and say what to do", Long: doctorText, Example: doctorExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		if err := c.Read(os.Environ); err != nil {
			return err
		}
		findings := examine(cmd.Context(), c)
		if err := printResult(cmd.OutOrStdout(), c.JSON, findings, func() string { return findingsText(findings) }); err != nil {
			return err
		}
		if slices.ContainsFunc(findings, func(f finding) bool { return f.Status == fails }) {
			return status(exitFailed)
		}
		return nil
	})
}

func examine(ctx context.Context, c *config.Config) []finding {
	if err := c.Fill(); err != nil {
		f := fail("run 'make setup', or change that setting", "%v", err)
		f.Name = "settings"
		return []finding{f}
	}
	var all []finding
	for _, up := range checkups {
		limited, cancel := context.WithTimeout(ctx, doctorWithin)
		for _, f := range up.look(limited, c) {
			f.Name = up.name
			if f.Status == fails {
				f.Text += config.Origins(f.Text, c.From())
			}
			all = append(all, f)
		}
		cancel()
	}
	return all
}

// findingsText is what the doctor found, for readers: a line each, and one for what to do.
func findingsText(findings []finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%-5s %-9s %s\n", f.Status, f.Name, oneLine(f.Text))
		if f.Do != "" {
			fmt.Fprintf(&b, "                → %s\n", f.Do)
		}
	}
	return b.String()
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
