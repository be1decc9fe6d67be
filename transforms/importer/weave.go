package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/threadloom/threadloom/transforms/runs"
	"golang.org/x/sync/errgroup"
)

// Woven is what became of a bucket.
type Woven struct {
	Counts     Counts   `json:"counts"`
	Chains     int64    `json:"chains"`
	Files      int64    `json:"files"`
	Threads    int64    `json:"threads"`
	Posts      int64    `json:"posts"`
	Subreddits []string `json:"subreddits"` // that have chains
}

// add adds what became of another bucket, or of another part of this one.
func (w *Woven) add(o Woven) {
	w.Counts.Add(o.Counts)
	w.Chains += o.Chains
	w.Files += o.Files
	w.Threads += o.Threads
	w.Posts += o.Posts
	w.Subreddits = append(w.Subreddits, o.Subreddits...)
}

func (p *Plan) wovenPath(bucket int) string {
	return filepath.Join(p.chainsFolder(), fmt.Sprintf("%02d.json", bucket))
}

func (p *Plan) bucketFolder(bucket int) string {
	return filepath.Join(p.chainsFolder(), fmt.Sprintf("%02d", bucket))
}

// Weave merges a bucket of all runs, and writes the chains of its subreddits. If that was done before,
// it returns the earlier result.
func (p *Process) Weave(ctx context.Context, bucket int) (woven Woven, err error) {
	ctx, end, err := p.begin(ctx, p.weaves)
	if err != nil {
		return woven, err
	}
	defer end()
	plan := p.Plan
	if done, err := readIfThere(plan.wovenPath(bucket), &woven); err != nil || done {
		p.chains.Add(woven.Chains)
		p.woven.Add(woven.Posts)
		return woven, err
	}
	scanned, err := plan.scanned()
	if err != nil {
		return woven, err
	}
	folder := plan.bucketFolder(bucket)
	if err := os.RemoveAll(folder); err != nil {
		return woven, fmt.Errorf("removing unfinished chains: %w", err)
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return woven, fmt.Errorf("making the folder of a bucket's chains: %w", err)
	}
	footer, err := plan.footer(scanned)
	if err != nil {
		return woven, err
	}
	w := &weave{plan: plan, process: p, bucket: bucket, folder: folder, footer: footer}
	for i, s := range scanned {
		for run := range s.Runs {
			w.runs = append(w.runs, runPath(plan.dumpFolder(plan.Dumps[i]), run))
		}
	}
	if err := w.weave(ctx); err != nil {
		return woven, err
	}
	if err := syncTree(folder, w.woven.Files); err != nil {
		return woven, fmt.Errorf("syncing chains: %w", err)
	}
	return w.woven, writeJSON(plan.wovenPath(bucket), w.woven)
}

// scanned returns what became of the dumps, all of which must have been scanned, in the order of the plan.
func (p *Plan) scanned() (all []Scanned, err error) {
	for _, d := range p.Dumps {
		var s Scanned
		if err := readJSON(donePath(p.dumpFolder(d)), &s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

type weave struct {
	plan    *Plan
	process *Process
	bucket  int
	folder  string
	footer  string
	runs    []string
	woven   Woven // the writer's
}

const (
	// mergeShare is the part of a weave's memory that the merge of runs gets.
	mergeShare = 0.3
	// textShare is the part that the texts of threads get, for all builders together.
	textShare = 0.3
	// spareBuilders is how many groups of threads wait for a builder.
	spareBuilders = 2
	// groupBytes and groupPosts end a group of threads.
	groupBytes = 1 << 20
	groupPosts = 10_000
)

// weave has one goroutine merge and gather threads, some build chains, and one write them in the order
// of the merge. Groups of threads go around in a circle, so that memory is bounded.
func (w *weave) weave(ctx context.Context) (err error) {
	memory := float64(w.plan.Memory) / float64(weaves())
	builders := runtime.GOMAXPROCS(0)
	group, inner := errgroup.WithContext(ctx)
	n := builders + spareBuilders
	free, toBuild, inOrder := make(chan *threads, n), make(chan *threads, n), make(chan *threads, n)
	all := make([]*threads, n)
	for i := range all {
		all[i] = w.process.group(int(memory * textShare / float64(n)))
		free <- all[i]
	}
	defer func() {
		for _, t := range all {
			_ = t.texts.reset() // closes files without names
			if err == nil {
				w.process.groups.Put(t)
			}
		}
	}()
	group.Go(func() error {
		defer close(toBuild)
		defer close(inOrder)
		c := collector{weave: w, free: free, toBuild: toBuild, inOrder: inOrder}
		err := runs.Merge(w.runs, w.bucket, int64(memory*mergeShare), w.plan.temp(), func(t *runs.Thread) error {
			return c.collect(inner, t)
		})
		if err == nil {
			c.send()
		}
		return err
	})
	for range builders {
		group.Go(func() error {
			b := newBuilder(w.plan)
			for t := range toBuild {
				if err := b.build(inner, t); err != nil {
					return err
				}
			}
			return nil
		})
	}
	group.Go(func() error { return w.write(inner, inOrder, free) })
	return stopped(ctx, group.Wait())
}

// write writes the chains.
func (w *weave) write(ctx context.Context, inOrder <-chan *threads, free chan<- *threads) (err error) {
	out := newPartWriter(w)
	defer func() { err = errors.Join(err, out.close()) }()
	for t := range inOrder {
		for {
			var b *batch
			select {
			case b = <-t.built:
			case <-ctx.Done():
				return ctx.Err()
			}
			if b == nil {
				break
			}
			if err := out.write(b); err != nil {
				return err
			}
			w.process.chains.Add(int64(len(b.rows)))
			t.spare <- b
		}
		w.woven.add(t.woven)
		w.process.woven.Add(t.woven.Posts)
		free <- t
	}
	return out.endSubreddit()
}
