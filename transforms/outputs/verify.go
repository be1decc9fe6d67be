package outputs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/audit"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

const (
	resampled = 1000 // files of which a row is embedded again
	// resampledBytes bounds the texts that wait to be embedded again.
	resampledBytes = 64 << 20
	// mostProblems bounds the problems that are named; all are counted.
	mostProblems = 1000
)

// Problem is what is wrong with an output.
type Problem struct {
	Output string `json:"output"`
	Reason string `json:"reason"`
}

// Verdict is the result of comparing outputs with their inputs.
type Verdict struct {
	Files   int64 `json:"files"` // outputs
	Rows    int64 `json:"rows"`
	Missing int64 `json:"missing"`       // inputs without an output
	Orphans int64 `json:"without_input"` // outputs without an input, checked alone
	Wrong   int64 `json:"wrong"`
	// NotAudited counts the outputs that were not compared completely, because verify's own reader
	// cannot read a part of them or of their inputs. Nothing else is wrong with them.
	NotAudited int64 `json:"not_audited"`
	Embedded   int   `json:"rows_embedded_again"`
	// Worst is the least cosine between a vector and the vector that its text has now.
	Worst    float64   `json:"least_cosine,omitempty"`
	Problems []Problem `json:"problems"` // the first ones, in the order of their outputs' names
	// Unaudited has the reasons for the first outputs of NotAudited, in the order of their names.
	Unaudited []Problem `json:"not_audited_files,omitempty"`
}

// Looked is the progress of Verify. Its zero value is ready to use.
type Looked struct{ all, files, rows, wrong atomic.Int64 }

// Files returns how many outputs were verified, how many there are, and how many are wrong.
func (l *Looked) Files() (done, all, wrong int64) {
	return l.files.Load(), l.all.Load(), l.wrong.Load()
}

// Rows returns how many rows were verified.
func (l *Looked) Rows() int64 { return l.rows.Load() }

// Verify compares every output of some subreddits with its input, and embeds one row of some of
// them again. Its memory grows with the files' names, but not with what is in them. It counts its
// progress in looked.
func Verify(ctx context.Context, reads inflight.Reads, subreddits []string, o embedding.Options, looked *Looked) (Verdict, error) {
	check, err := CheckOptions{Kind: CheckFingerprint, Model: o.Model}.Checker(reads, o.Layout)
	if err != nil {
		return Verdict{}, err
	}
	v := verifier{check: check, options: o, looked: looked}
	if err := v.list(o.Layout, subreddits); err != nil {
		return Verdict{}, err
	}
	inflight.Each(len(v.files), reads.Folders, func(i int) {
		if ctx.Err() == nil {
			v.verify(ctx, v.files[i], v.drawn(i))
		}
	})
	if ctx.Err() != nil {
		return Verdict{}, context.Cause(ctx)
	}
	v.embedAgain(ctx)
	if v.err != nil {
		return Verdict{}, v.err
	}
	for _, problems := range [][]Problem{v.verdict.Problems, v.verdict.Unaudited} {
		slices.SortFunc(problems, func(a, b Problem) int { return strings.Compare(a.Output, b.Output) })
	}
	return v.verdict, nil
}

type verifier struct {
	check   Checker
	options embedding.Options
	looked  *Looked
	files   []layout.File // outputs, in order

	mu      sync.Mutex
	verdict Verdict
	reembed []reembeddedRow
	waiting int   // bytes of their texts
	err     error // of embedding again
}

// reembeddedRow is a row that is to be embedded again.
type reembeddedRow struct {
	file layout.File
	row  int64
	text string
	audit.Row
	precision string
}

// list finds the outputs, and counts the inputs without one.
func (v *verifier) list(tree layout.Layout, subreddits []string) error {
	v.verdict.Problems = []Problem{}
	for _, subreddit := range subreddits {
		inputs, err := layout.Names(tree.Inputs(subreddit))
		if err != nil {
			return err
		}
		outputs, err := layout.Names(tree.Outputs(subreddit))
		if err != nil {
			return err
		}
		slices.Sort(outputs)
		for _, name := range inputs {
			if _, there := slices.BinarySearch(outputs, name); !there {
				v.verdict.Missing++
			}
		}
		tree.Each(subreddit, outputs, false, func(f layout.File) { v.files = append(v.files, f) })
	}
	v.verdict.Files = int64(len(v.files))
	v.looked.all.Store(v.verdict.Files)
	return nil
}

// drawn reports whether a row of the i-th file is embedded again.
func (v *verifier) drawn(i int) bool {
	n := min(resampled, len(v.files))
	return (i*n)/len(v.files) != ((i+1)*n)/len(v.files)
}

// verify checks one output and records what is wrong with it.
func (v *verifier) verify(ctx context.Context, file layout.File, draw bool) {
	seen := &auditedFile{check: v.check, options: v.options, file: file, looked: v.looked, draw: -1}
	if draw {
		seen.draw = layout.Draw(file.Output)
	}
	err := seen.read()
	v.looked.files.Add(1)
	v.mu.Lock()
	defer v.mu.Unlock()
	v.verdict.Rows += seen.rows
	if seen.orphan {
		v.verdict.Orphans++
	}
	switch {
	case err != nil:
		v.wrong(file, err.Error())
	case seen.unaudited != "":
		v.verdict.NotAudited++
		v.verdict.Unaudited = appendProblem(v.verdict.Unaudited, Problem{file.Output, seen.unaudited})
	case seen.reembed != nil:
		v.reembed, v.waiting = append(v.reembed, *seen.reembed), v.waiting+len(seen.reembed.text)
		if v.waiting > resampledBytes {
			v.embedAgain(ctx)
		}
	}
}

func (v *verifier) wrong(file layout.File, reason string) {
	v.verdict.Wrong++
	v.looked.wrong.Add(1)
	v.verdict.Problems = appendProblem(v.verdict.Problems, Problem{file.Output, reason})
}

func appendProblem(problems []Problem, p Problem) []Problem {
	if len(problems) == mostProblems {
		return problems
	}
	return append(problems, p)
}

// embedAgain embeds the rows that were drawn and compares what comes out.
func (v *verifier) embedAgain(ctx context.Context) {
	if len(v.reembed) > 0 && v.err == nil {
		v.err = v.compareAgain(ctx)
	}
	v.reembed, v.waiting = nil, 0
}

func (v *verifier) compareAgain(ctx context.Context) error {
	engine, err := models.Shared(v.options.Model)
	if err != nil {
		return err
	}
	texts := make([]string, len(v.reembed))
	for i, a := range v.reembed {
		texts[i] = a.text
	}
	result, err := engine.Embed(ctx, texts)
	if err != nil {
		return fmt.Errorf("embedding a sample again: %w", err)
	}
	d := engine.Folder.Dimension
	if v.verdict.Embedded == 0 {
		v.verdict.Worst = 1
	}
	v.verdict.Embedded += len(texts)
	for i, a := range v.reembed {
		now := audit.Row{Tokens: result.Tokens[i], Truncated: result.Truncated[i], Vector: result.Vectors[i*d : (i+1)*d]}
		cosine, why := compareRows(a.Row, now, leastAlike(a.precision, engine.Backend.Precision))
		v.verdict.Worst = min(v.verdict.Worst, cosine)
		if why != "" {
			v.wrong(a.file, fmt.Sprintf("row %d: %s", a.row, why))
		}
	}
	return nil
}
