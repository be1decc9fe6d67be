package audit

import (
	"errors"
	"fmt"
)

// Options say what an output should be.
type Options struct {
	TextColumn string
	Keep       []string // the columns that the run was to keep; empty: all
	Dimension  int      // of the vectors
	Unit       bool     // they have length 1
	Tolerance  float64  // by which their length may be off
	TextsSHA   string   // of the texts that were embedded; empty: unknown
	VectorsSHA string   // of the vectors that were written; empty: unknown
	Sample     float64  // which row to return, as a share of the rows; negative: none
	Pass       func(rows int64)
}

// Report is the result of an audit.
type Report struct {
	Rows       int64   // whose vectors were right
	Wrong      string  // the first thing that is wrong with the output; empty: nothing
	NotAudited string  // the first thing that could not be compared; empty: nothing
	Sample     *Sample // nil if there are no rows, or if anything is wrong or was not audited
}

// Sample is a row of an output, and its text in the input.
type Sample struct {
	Index int64
	Text  string
	Row
}

// Row is a row of an output, without the kept columns.
type Row struct {
	Tokens    int32
	Truncated bool
	Vector    []float32
}

// comparison is one audit under way.
type comparison struct {
	Options
	out, in *File // in is nil if the output is looked at alone
	kept    []pair
	own     own
	sample  Sample
	report  Report
}

// Compare audits an output. in is its input, nil if there is none any more.
func Compare(out, in *File, o Options) Report {
	c := comparison{Options: o, out: out, in: in}
	c.sample.Index = -1
	if out.Rows > 0 && in != nil {
		c.sample.Index = min(int64(o.Sample*float64(out.Rows)), out.Rows-1)
	}
	steps := []func() error{c.findOwn, c.ownColumns, c.vectors}
	if in != nil {
		steps = []func() error{c.sameRows, c.findOwn, c.findKept, c.keptColumns, c.texts, c.ownColumns, c.vectors}
	}
	for _, step := range steps {
		if err := contained(step); err != nil {
			if c.note(err); c.report.Wrong != "" {
				return c.report
			}
		}
	}
	if c.report.NotAudited == "" && c.sample.Index >= 0 {
		c.report.Sample = &c.sample
	}
	return c.report
}

func contained(step func() error) (err error) {
	defer contain(&err)
	return step()
}

// note records what a step found.
func (c *comparison) note(err error) {
	var skipped notAudited
	switch {
	case !errors.As(err, &skipped):
		c.report.Wrong = err.Error()
	case c.report.NotAudited == "":
		c.report.NotAudited = err.Error()
	}
}

func (c *comparison) sameRows() error {
	if c.out.Rows != c.in.Rows {
		return fmt.Errorf("it has %d rows, its input has %d", c.out.Rows, c.in.Rows)
	}
	return nil
}
