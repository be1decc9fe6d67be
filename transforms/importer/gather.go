package importer

import (
	"context"

	"github.com/threadloom/threadloom/transforms/post"
	"github.com/threadloom/threadloom/transforms/runs"
	"golang.org/x/sync/errgroup"
)

// gatherer puts what was parsed into a sorter until the sorter is full. Then another goroutine writes it
// as a run, and the gatherer goes on with a second sorter.
type gatherer struct {
	scan   *scan
	sorter *runs.Sorter
	note   runNote // of what is in the sorter
	lower  []byte

	full chan fullSorter
	free chan *runs.Sorter
	read runNote // of all lines so far
}

type fullSorter struct {
	sorter *runs.Sorter
	path   string
	note   runNote
}

const sorters = 2

// sorterShare is the part of a scan's memory that each of its two sorters gets. The rest is for batches.
const sorterShare = 0.4

func newGatherer(s *scan, group *errgroup.Group) *gatherer {
	limit := int64(float64(s.plan.Memory) / float64(s.plan.Scans) * sorterShare)
	g := &gatherer{
		scan: s, sorter: runs.NewSorter(limit), read: s.written,
		full: make(chan fullSorter), free: make(chan *runs.Sorter, sorters), // room for both, because nobody may be left to receive one
	}
	g.note.From, g.note.To = s.written.To, s.written.To
	g.free <- runs.NewSorter(limit)
	group.Go(func() error {
		for f := range g.full {
			finish, err := f.sorter.Write(f.path, f.note)
			if err != nil {
				return err
			}
			g.free <- f.sorter
			if err := finish(); err != nil {
				return err
			}
		}
		return nil
	})
	return g
}

func (g *gatherer) end() { close(g.full) }

// gather adds what is in a chunk, which must follow the chunk before.
func (g *gatherer) gather(ctx context.Context, c *chunk) error {
	if !g.sorter.Fits(len(c.positions), int64(len(c.records))) {
		if err := g.flush(ctx); err != nil {
			return err
		}
	}
	g.note.add(c.note)
	g.read.add(c.note)
	for _, m := range c.positions {
		name := c.records[m.nameAt : m.nameAt+uint32(m.name)]
		g.lower = post.AppendLower(g.lower[:0], name)
		g.sorter.Add(g.lower, name, m.link, c.records[m.at:m.at+m.record])
	}
	return g.checkBad()
}

// checkBad ends an import early if the file is not a dump at all.
func (g *gatherer) checkBad() error {
	const enough = 10_000
	bad, lines := g.read.Counts.Broken(), g.read.Kept+g.read.Counts.Lines()
	if lines < enough {
		return nil
	}
	return g.scan.tooManyBad(bad, lines, g.read.Bad)
}

// flush hands the sorter to the writer if it holds anything that is not in a run yet.
func (g *gatherer) flush(ctx context.Context) error {
	if g.note.To == g.note.From {
		return nil
	}
	s := g.scan
	f := fullSorter{g.sorter, runPath(s.folder, s.runs), g.note}
	s.runs++
	s.written.add(g.note)
	g.note = runNote{From: s.written.To, To: s.written.To}
	select {
	case g.full <- f:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case g.sorter = <-g.free:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}
