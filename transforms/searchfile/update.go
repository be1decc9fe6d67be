package searchfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// Update brings a search file up to date.
type Update struct {
	Path   string // of the search file
	Layout layout.Layout
	Files  []layout.File // whose outputs it is to hold
	Reads  inflight.Reads
	Done   Done // progress
}

// Done is the progress of an update. Its zero value is ready to use.
type Done struct{ files, all, rows atomic.Int64 }

// Files returns how many outputs were read, and how many are to be read.
func (d *Done) Files() (read, all int64) { return d.files.Load(), d.all.Load() }

// Rows returns how many rows were read.
func (d *Done) Rows() int64 { return d.rows.Load() }

// Changes are what an update found.
type Changes struct {
	Read    int   // outputs that are new, or were written again
	Rows    int64 // of those
	Kept    int   // outputs whose vectors were in the file before
	Removed int   // outputs that are gone, or were written again
	Written bool  // the search file is a new one
}

// Run returns the search file, up to date. It reads the outputs that have changed and takes the vectors of
// all others from the file that is there. If nothing has changed, it writes nothing.
func (u *Update) Run(ctx context.Context) (f *File, changes Changes, err error) {
	sweep(filepath.Dir(u.Path))
	old, err := open(u.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, errFormat):
		old = &File{table: table{Model: -1}} // it is made again
	case err != nil:
		return nil, changes, err
	}
	defer func() {
		if f != old {
			err = errors.Join(err, old.Close())
		}
	}()
	plan, err := u.plan(ctx, old)
	if err != nil {
		return nil, changes, err
	}
	if plan.nothing() && old.data != nil {
		return old, plan.changes(), nil
	}
	f, err = u.write(ctx, old, plan)
	if err != nil {
		return nil, changes, err
	}
	changes = plan.changes()
	changes.Written = true
	return f, changes, nil
}

// Pending says what Run would do, from the names, sizes and times of the outputs alone. ok is false if
// there is no search file yet.
func (u *Update) Pending() (changes Changes, ok bool, err error) {
	old, err := open(u.Path)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errFormat) {
		return changes, false, nil
	}
	if err != nil {
		return changes, false, err
	}
	defer func() { err = errors.Join(err, old.Close()) }()
	p, err := u.look(context.Background(), old)
	if err != nil {
		return changes, false, err
	}
	return p.changes(), true, nil
}

// plan says what the new file will hold.
type plan struct {
	table
	from    []source
	removed int
}

// source is where an output's vectors come from.
type source struct {
	file layout.File
	old  int // which output of the old file it is; -1: it is read
}

func (p *plan) nothing() bool {
	return p.removed == 0 && !slices.ContainsFunc(p.from, func(s source) bool { return s.old < 0 })
}

func (p *plan) changes() (c Changes) {
	c.Removed = p.removed
	for i, s := range p.from {
		if s.old >= 0 {
			c.Kept++
			continue
		}
		c.Read++
		c.Rows += p.Outputs[i].Rows
	}
	return c
}

// plan compares the outputs with those of the old file, and reads the footers of those that have changed.
func (u *Update) plan(ctx context.Context, old *File) (*plan, error) {
	p, err := u.look(ctx, old)
	if err != nil {
		return nil, err
	}
	footers := make([]chainfile.Output, len(p.from))
	errs := make([]error, len(p.from))
	inflight.Each(len(p.from), u.Reads.Footers, func(i int) {
		if ctx.Err() == nil && (p.from[i].old < 0 || old.Outputs[p.from[i].old].unread()) {
			footers[i], errs[i] = readFooter(u.Layout, p.from[i].file)
		}
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	known := knownModels{}
	for i, s := range p.from {
		o := &p.Outputs[i]
		o.Model = -1
		if s.old >= 0 && !old.Outputs[s.old].unread() {
			was := old.Outputs[s.old]
			o.Rows, o.LeftOut, o.Model = was.Rows, was.LeftOut, known.add(old.Models[was.Model])
			continue
		}
		if why := unusable(footers[i], errs[i]); why != "" {
			o.LeftOut = why
			if s.old >= 0 && old.Outputs[s.old].LeftOut != why {
				p.from[i].old = -1
			}
			continue
		}
		p.from[i].old = -1
		o.Rows, o.Model = footers[i].Rows, known.add(common(footers[i].Fingerprint))
	}
	p.choose(known)
	return p, nil
}

// look compares the outputs with those of the old file by their sizes and times.
func (u *Update) look(ctx context.Context, old *File) (*plan, error) {
	files := slices.Clone(u.Files)
	name := func(f layout.File) string { return filepath.Base(f.Output) }
	slices.SortFunc(files, func(a, b layout.File) int {
		return cmp.Or(strings.Compare(a.Subreddit, b.Subreddit), strings.Compare(name(a), name(b)))
	})
	files = slices.CompactFunc(files, func(a, b layout.File) bool { return a.Output == b.Output })
	outputs, errs := make([]Output, len(files)), make([]error, len(files))
	inflight.Each(len(files), u.Reads.Footers, func(i int) {
		if ctx.Err() != nil {
			return
		}
		info, err := u.Layout.Output(files[i]).Stat()
		if errs[i] = err; err == nil {
			outputs[i] = Output{Subreddit: files[i].Subreddit, Name: name(files[i]), Size: info.Size(), ModTime: info.ModTime().UnixNano()}
		}
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	before := make(map[[2]string]int, len(old.Outputs))
	for i, o := range old.Outputs {
		before[[2]string{o.Subreddit, o.Name}] = i
	}
	p := &plan{removed: len(old.Outputs)}
	for i, o := range outputs {
		if errors.Is(errs[i], fs.ErrNotExist) {
			continue // gone since the folder was listed
		}
		if errs[i] != nil {
			o = Output{Subreddit: files[i].Subreddit, Name: name(files[i]), LeftOut: errs[i].Error()}
		}
		s := source{files[i], -1}
		if k, ok := before[[2]string{o.Subreddit, o.Name}]; ok && old.Outputs[k].same(o) {
			s.old = k
			p.removed--
		}
		p.Outputs, p.from = append(p.Outputs, o), append(p.from, s)
	}
	return p, nil
}

// readFooter reads the footer of an output, which any program may have written.
func readFooter(tree layout.Layout, file layout.File) (o chainfile.Output, err error) {
	defer func() {
		if p := recover(); p != nil { // of the Parquet library
			err = fmt.Errorf("reading the footer: %v", p)
		}
	}()
	return chainfile.ReadOutput(tree.Output(file))
}

// unusable says why an output's vectors cannot be searched; empty: they can.
func unusable(o chainfile.Output, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case !o.Fingerprinted:
		return "it has no fingerprint, so nobody knows which model made it: embed it again (--check=fingerprint)"
	case o.Rows != o.Fingerprint.InputRows:
		return fmt.Sprintf("it has %d rows instead of %d: embed it again (--check=footer)", o.Rows, o.Fingerprint.InputRows)
	case o.Fingerprint.Dimension < 1 || o.Fingerprint.Dimension > maxNumbers:
		return fmt.Sprintf("its vectors would have %d numbers", o.Fingerprint.Dimension)
	}
	return ""
}

// common returns the part of a fingerprint that all outputs of a model share.
func common(f chainfile.Fingerprint) chainfile.Fingerprint {
	f.Version, f.Backend, f.InputRows, f.InputSize, f.InputModTime, f.TextsSHA, f.VectorsSHA = "", "", 0, 0, "", "", ""
	return f
}

// knownModels are the models of all outputs.
type knownModels struct{ all []chainfile.Fingerprint }

func (k *knownModels) add(f chainfile.Fingerprint) int {
	if i := slices.Index(k.all, f); i >= 0 {
		return i
	}
	k.all = append(k.all, f)
	return len(k.all) - 1
}

// identity is what tells models apart, as in the clustering: weights, precision and dimension.
func identity(f chainfile.Fingerprint) string {
	return fmt.Sprintf("%s in %s, %d dimensions, %s", f.Model, f.Precision, f.Dimension, cmp.Or(f.WeightsSHA, f.ModelSHA))
}

// Kind says which model made vectors, in words.
func Kind(f chainfile.Fingerprint) string {
	return fmt.Sprintf("%s (%.12s) in %s, %d dimensions", f.Model, cmp.Or(f.WeightsSHA, f.ModelSHA), f.Precision, f.Dimension)
}

// otherModel begins the reason why an output of another model is left out.
const otherModel = "its vectors are by "

// choose takes the outputs of the model that most rows have, and leaves out the others. If two models
// have equally many rows, the one whose name comes first counts.
func (p *plan) choose(known knownModels) {
	p.Models = slices.Clone(known.all)
	text := func(f chainfile.Fingerprint) string { return identity(f) + fmt.Sprintf("%+v", f) }
	slices.SortFunc(p.Models, func(a, b chainfile.Fingerprint) int { return strings.Compare(text(a), text(b)) })
	rows := map[string]int64{}
	for i := range p.Outputs {
		if o := &p.Outputs[i]; o.Model >= 0 {
			o.Model = slices.Index(p.Models, known.all[o.Model])
			rows[identity(p.Models[o.Model])] += o.Rows
		}
	}
	p.Model = -1
	for i, m := range p.Models {
		if p.Model < 0 || rows[identity(m)] > rows[identity(p.Models[p.Model])] {
			p.Model = i
		}
	}
	for i := range p.Outputs {
		o := &p.Outputs[i]
		switch {
		case o.Model < 0:
		case identity(p.Models[o.Model]) != identity(p.Models[p.Model]):
			o.LeftOut = fmt.Sprintf("%s%s, those of most rows by %s: embed it with that model and precision (--check=fingerprint)",
				otherModel, Kind(p.Models[o.Model]), Kind(p.Models[p.Model]))
		case strings.HasPrefix(o.LeftOut, otherModel): // until now
			o.LeftOut, p.from[i].old = "", -1
		}
	}
	p.place()
}

// place assigns rows of the search file to the outputs.
func (p *plan) place() (rows int64) {
	for i := range p.Outputs {
		p.Outputs[i].First = rows
		rows += p.Outputs[i].held()
	}
	return rows
}
