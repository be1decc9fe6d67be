package outputs

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/threadloom/threadloom/transforms/audit"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

// auditedFile is one output that is read beside its input.
type auditedFile struct {
	check   Checker
	options embedding.Options
	file    layout.File
	looked  *Looked
	draw    float64 // which row is embedded again, as a share of the rows; negative: no row

	fingerprint chainfile.Fingerprint
	rows        int64
	orphan      bool
	unaudited   string // why the output, or a part of it, was not compared; empty: it was compared whole
	reembed     *reembeddedRow
}

// read returns what is wrong with the output.
func (r *auditedFile) read() (err error) {
	files := audit.New()
	defer func() { err = errors.Join(err, files.Close()) }()
	out, err := files.Open(r.options.Layout.Output(r.file))
	if audit.NotAudited(err) {
		r.unaudited = err.Error()
		return nil
	}
	footer, err := r.footer(out, err)
	if state, why := r.check.classify(r.file, footer, err); state != done {
		return errors.New(why)
	}
	r.fingerprint = footer.Fingerprint
	in, err := files.Open(r.options.Layout.Input(r.file))
	switch {
	case errors.Is(err, os.ErrNotExist):
		r.orphan = true
	case err != nil:
		r.unaudited = fmt.Sprintf("its input: %v", err)
	}
	return r.take(audit.Compare(out, in, audit.Options{
		TextColumn: r.options.TextColumn, Keep: r.options.Keep,
		Dimension: r.fingerprint.Dimension, Unit: r.fingerprint.Normalized, Tolerance: lengthTolerance(r.fingerprint.Precision),
		TextsSHA: r.fingerprint.TextsSHA, VectorsSHA: r.fingerprint.VectorsSHA,
		Sample: r.draw, Pass: func(n int64) { r.looked.rows.Add(n) },
	}))
}

// footer reads the footer of an output.
func (r *auditedFile) footer(out *audit.File, err error) (o chainfile.Output, _ error) {
	if err == nil {
		o.Rows = out.Rows
		var text string
		if text, o.Fingerprinted = out.Lookup(chainfile.FingerprintKey); o.Fingerprinted {
			err = json.Unmarshal([]byte(text), &o.Fingerprint)
		}
	}
	if err != nil {
		return o, fmt.Errorf("checking the output %s: %w", r.file.Output, err)
	}
	return o, nil
}

// take records what an audit found, and returns what is wrong.
func (r *auditedFile) take(report audit.Report) error {
	r.rows = report.Rows
	if r.unaudited == "" {
		r.unaudited = report.NotAudited
	}
	if report.Wrong != "" {
		return errors.New(report.Wrong)
	}
	if s := report.Sample; s != nil {
		r.reembed = &reembeddedRow{file: r.file, row: s.Index, text: s.Text, Row: s.Row, precision: r.fingerprint.Precision}
	}
	return nil
}
