// Package plan says what a run would do: which files it would embed, and how long that would take on this machine.
package plan

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/inputs"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
	"github.com/threadloom/threadloom/transforms/searchfile"
)

// maxFooters bounds the footers of inputs that are read.
const maxFooters = 10_000

// Plan is what a run would do; --json prints it.
type Plan struct {
	Check         string  `json:"check"`
	Subreddits    []Part  `json:"subreddits"`
	Total         Part    `json:"total"`
	FootersRead   int     `json:"footers_read"`   // of files to be embedded
	RowsEstimated bool    `json:"rows_estimated"` // not all of them were read
	SampleTexts   int     `json:"sample_texts"`
	TokensPerSec  float64 `json:"tokens_per_second,omitempty"` // 0: nothing to embed
	Backend       string  `json:"backend,omitempty"`
	Precision     string  `json:"precision,omitempty"`
	Embeddings    string  `json:"embeddings"`
	// Time is the column with the times of the chains, by which a run counts each cluster's chains; "":
	// the chains do not have it.
	Time string `json:"time_column,omitempty"`
	// Search is what the next search reads into its file; nil: there was no search yet.
	Search *Search `json:"search,omitempty"`

	wantedTime string
}

// Search says how many outputs the next search reads, because they are new or were written again, and
// how many it drops.
type Search struct {
	Read    int `json:"outputs_to_read"`
	Removed int `json:"outputs_to_drop"`
}

// Part is one subreddit, or all. Rows, tokens and hours are those of the files to be embedded.
type Part struct {
	Subreddit  string  `json:"subreddit,omitempty"`
	Files      int     `json:"files"`
	Done       int     `json:"done"`
	Missing    int     `json:"missing"`
	Stale      int     `json:"stale"`
	Corrupt    int     `json:"corrupt"`
	Unreadable int     `json:"inputs_unreadable"`
	Rows       int64   `json:"rows"`
	Tokens     int64   `json:"tokens"`
	Hours      float64 `json:"hours"`
}

// Make makes the plan of a run with these settings.
func Make(ctx context.Context, c *config.Run) (Plan, error) {
	surveys, err := outputs.TakeSurvey(ctx, transforms.ThisProcess().Reads, c.Files.Layout(), c.Files.Names, c.Checking())
	if err != nil {
		return Plan{}, err
	}
	todo := make([]layout.Folder, len(surveys))
	for i, s := range surveys {
		todo[i] = layout.Folder{Subreddit: s.Subreddit, Names: s.Todo}
	}
	o := c.Embedding()
	measurer := inputs.Measurer{Reads: transforms.ThisProcess().Reads, Layout: o.Layout, TextColumn: o.TextColumn, Keep: o.Keep}
	parts := measurer.Measure(todo, maxFooters)
	p := Plan{Check: c.Outputs.Check, Embeddings: c.Files.Layout().Embeddings}
	for _, part := range parts {
		p.FootersRead += part.Read
		p.RowsEstimated = p.RowsEstimated || part.Read < part.Files
	}
	if texts := sampled(parts); texts > 0 {
		p.SampleTexts = texts
		if err := p.measureSpeed(ctx, c.Model.Config, parts); err != nil {
			return Plan{}, err
		}
	}
	p.fill(surveys, parts)
	p.lookForTimes(c)
	return p, p.lookAtSearch(c)
}

// lookForTimes looks for the column of times in a few chains files.
func (p *Plan) lookForTimes(c *config.Run) {
	seen := inputs.FindColumns(transforms.ThisProcess().Reads, c.Files.Layout(), c.Files.Names, nil)
	if slices.Contains(seen.Columns, c.Clustering.TimeColumn) {
		p.Time = c.Clustering.TimeColumn
	}
	p.wantedTime = c.Clustering.TimeColumn
}

// lookAtSearch compares the search file, if there is one, with the outputs.
func (p *Plan) lookAtSearch(c *config.Run) error {
	files, err := outputs.Embedded(c.Files.Layout(), c.Files.Names)
	if err != nil {
		return err
	}
	u := searchfile.Update{
		Path: filepath.Join(c.Files.Clusters(), searchfile.Name), Layout: c.Files.Layout(), Files: files, Reads: transforms.ThisProcess().Reads,
	}
	changes, ok, err := u.Pending()
	if err == nil && ok {
		p.Search = &Search{Read: changes.Read, Removed: changes.Removed}
	}
	return err
}

func sampled(parts []inputs.Part) (texts int) {
	for _, part := range parts {
		for _, s := range part.Samples {
			texts += len(s.Texts)
		}
	}
	return texts
}

// fill adds the rows of the table.
func (p *Plan) fill(surveys []outputs.Survey, parts []inputs.Part) {
	p.Subreddits = make([]Part, len(surveys))
	for i, e := range inputs.EstimateParts(parts) {
		s := surveys[i]
		line := Part{
			Subreddit: s.Subreddit, Files: s.Files, Done: s.Done, Missing: s.Missing, Stale: s.Stale, Corrupt: s.Corrupt,
			Unreadable: parts[i].Unreadable, Rows: e.Rows, Tokens: e.Tokens,
		}
		if p.TokensPerSec > 0 {
			line.Hours = float64(e.Tokens) / p.TokensPerSec / time.Hour.Seconds()
		}
		p.Subreddits[i] = line
		p.Total.add(line)
	}
}

func (t *Part) add(line Part) {
	t.Files, t.Done, t.Missing = t.Files+line.Files, t.Done+line.Done, t.Missing+line.Missing
	t.Stale, t.Corrupt, t.Unreadable = t.Stale+line.Stale, t.Corrupt+line.Corrupt, t.Unreadable+line.Unreadable
	t.Rows, t.Tokens, t.Hours = t.Rows+line.Rows, t.Tokens+line.Tokens, t.Hours+line.Hours
}

// Text is the plan for readers.
func (p Plan) Text() string {
	var b strings.Builder
	width := len("in all")
	for _, s := range p.Subreddits {
		width = max(width, len([]rune(s.Subreddit)))
	}
	fmt.Fprintf(&b, "%-*s %9s %9s %9s %9s %9s %11s %13s %9s\n", width, "", "files", "done", "missing", "stale", "corrupt", "rows", "tokens", "hours")
	line := func(name string, s Part) {
		stale, corrupt := "-", "-" // nothing was looked at
		if p.Check != outputs.CheckExists {
			corrupt = strconv.Itoa(s.Corrupt)
		}
		if p.Check == outputs.CheckFingerprint {
			stale = strconv.Itoa(s.Stale)
		}
		fmt.Fprintf(&b, "%-*s %9d %9d %9d %9s %9s %11d %13d %9.2f\n", width, name, s.Files, s.Done, s.Missing, stale, corrupt, s.Rows, s.Tokens, s.Hours)
	}
	for _, s := range p.Subreddits {
		line(s.Subreddit, s)
	}
	line("in all", p.Total)
	if p.Total.Unreadable > 0 {
		fmt.Fprintf(&b, "\n%d of %d inputs that were looked at cannot be read or have no text column: they will be dead letters\n", p.Total.Unreadable, p.FootersRead)
	}
	switch {
	case p.TokensPerSec > 0:
		rows := "rows are exact"
		if p.RowsEstimated {
			rows = fmt.Sprintf("rows are estimated from %d footers", p.FootersRead)
		}
		fmt.Fprintf(&b, "\n%s; tokens are estimated from %d texts, hours from this machine's %.0f tokens/s (%s, %s)\n",
			rows, p.SampleTexts, p.TokensPerSec, p.Backend, p.Precision)
	case p.Total.Files == p.Total.Done:
		fmt.Fprintf(&b, "\nnothing to embed\n")
	}
	if p.Time != "" {
		fmt.Fprintf(&b, "\nthe clustering counts the chains of each cluster through time, by the column %s\n", p.Time)
	} else {
		fmt.Fprintf(&b, "\nthe chains have no column %s, so the clustering cannot count them through time (--time_column names another)\n", p.wantedTime)
	}
	if s := p.Search; s != nil && s.Read+s.Removed > 0 {
		fmt.Fprintf(&b, "\nthe next search reads %d outputs that are new or were written again, and drops %d that are gone or were written again\n", s.Read, s.Removed)
	}
	return b.String()
}
