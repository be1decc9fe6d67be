// Package doctor looks for what a run needs on this machine, and says what to do about what is missing.
package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/threadloom/threadloom/pipeline/config"
)

// How a finding turned out.
const (
	fine  = "ok"
	warns = "warn" // a run works, but perhaps not as the user expects
	fails = "fail"
)

// Finding is one line of the doctor's report.
type Finding struct {
	Status string `json:"status"`
	Name   string `json:"name"`
	Text   string `json:"text"`
	Do     string `json:"do,omitempty"` // what to do about it
}

func ok(text string, args ...any) Finding {
	return Finding{Status: fine, Text: fmt.Sprintf(text, args...)}
}

func warn(do, text string, args ...any) Finding {
	return Finding{Status: warns, Do: do, Text: fmt.Sprintf(text, args...)}
}

func fail(do, text string, args ...any) Finding {
	return Finding{Status: fails, Do: do, Text: fmt.Sprintf(text, args...)}
}

// check is something that the doctor looks at. If it does not matter for a run with these
// settings, look returns none.
type check struct {
	name string
	look func(ctx context.Context) []Finding
}

// checks returns what the doctor looks at for a run. Each check gets the part of the settings that it needs.
func checks(c *config.Run) []check {
	return []check{
		{"home", func(context.Context) []Finding { return checkHome(c.Files.Home) }},
		{"model", func(context.Context) []Finding { return checkModel(c.Model) }},
		{"library", func(context.Context) []Finding { return checkLibraries(c.Model) }},
		{"cpu", func(context.Context) []Finding { return checkCPU() }},
		{"engine", func(ctx context.Context) []Finding { return checkEngine(ctx, c.Model) }},
		{"folder", func(context.Context) []Finding { return checkFolders(c) }},
		{"list", func(context.Context) []Finding { return checkList(c.Files) }},
		{"disk", func(context.Context) []Finding { return checkDisk(c.Files) }},
		{"python", func(ctx context.Context) []Finding { return checkPython(ctx, c.Clustering) }},
		{"redis", func(ctx context.Context) []Finding { return checkRedis(ctx, c.Workers) }},
		{"flink", func(ctx context.Context) []Finding { return checkFlink(ctx, c.Flink) }},
		{"settings", func(context.Context) []Finding { return checkSettings(c) }},
	}
}

// within bounds one check.
const within = 2 * time.Minute

// Examine looks for what a run with these settings needs on this machine.
func Examine(ctx context.Context, c *config.Run) []Finding {
	if err := c.Fill(); err != nil {
		f := fail("run 'make setup', or change that setting", "%v", err)
		f.Name = "settings"
		return []Finding{f}
	}
	var all []Finding
	for _, check := range checks(c) {
		limited, cancel := context.WithTimeout(ctx, within)
		for _, f := range check.look(limited) {
			f.Name = check.name
			if f.Status == fails {
				f.Text += config.Origins(f.Text, c.From())
			}
			all = append(all, f)
		}
		cancel()
	}
	return all
}

// Failed reports whether something is missing without which a run does not work.
func Failed(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Status == fails })
}

// Text returns the findings for readers: a line for each, and a second one if there is something to do.
func Text(findings []Finding) string {
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%-5s %-9s %s\n", f.Status, f.Name, config.OneLine(f.Text))
		if f.Do != "" {
			fmt.Fprintf(&b, "                → %s\n", f.Do)
		}
	}
	return b.String()
}
