package importer

import (
	"context"
	"slices"

	"github.com/threadloom/threadloom/transforms/runs"
)

// threads are some consecutive threads, with what a builder makes of them.
type threads struct {
	list  []gathered
	posts []entry
	texts texts

	woven Woven
	built chan *batch // nil at the end
	spare chan *batch
}

// gathered is one thread.
type gathered struct {
	subreddit   string // as it is spelled
	link        uint64
	first, last int // of its posts
}

// batchesOfThreads is how many batches of rows a group of threads has: one is filled while the other is written.
const batchesOfThreads = 2

const (
	// duplicatesRead bounds the lines of a thread that are held, as a multiple of the comments that it may
	// have: dumps overlap.
	duplicatesRead = 2
	// alwaysRead is how many lines are held in any case.
	alwaysRead = 1_000_000
)

// group returns room for threads, whose texts take up to most bytes of memory.
func (p *Process) group(most int) *threads {
	if t, ok := p.groups.Get().(*threads); ok {
		return t
	}
	return &threads{texts: texts{most: most, folder: p.Plan.temp()}}
}

func (t *threads) reset() error {
	t.list, t.posts, t.woven = t.list[:0], t.posts[:0], Woven{}
	if t.built == nil {
		t.built, t.spare = make(chan *batch, batchesOfThreads+1), make(chan *batch, batchesOfThreads)
		for range batchesOfThreads {
			t.spare <- &batch{}
		}
	}
	return t.texts.reset()
}

// collector reads threads from a merge.
type collector struct {
	weave            *weave
	free             <-chan *threads
	toBuild, inOrder chan<- *threads
	threads          *threads // that are being collected
}

func (c *collector) collect(ctx context.Context, from *runs.Thread) error {
	if c.threads == nil {
		select {
		case c.threads = <-c.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.threads.reset(); err != nil {
			return err
		}
	}
	t := c.threads
	n := from.Records()
	t.woven.Posts += int64(n)
	if n > max(alwaysRead, duplicatesRead*uint64(c.weave.plan.MaxThread)) {
		t.woven.Counts.LongThread += int64(n)
		return nil
	}
	t.woven.Threads++
	thread := gathered{subreddit: from.Spelling, link: from.Link, first: len(t.posts)}
	t.posts = slices.Grow(t.posts, int(n))
	err := from.Each(func(record []byte) error {
		e, err := readRecord(record, c.weave.plan.Authors, &t.texts)
		t.posts = append(t.posts, e)
		return err
	})
	if err != nil {
		return err
	}
	thread.last = len(t.posts)
	t.list = append(t.list, thread)
	if len(t.posts) >= groupPosts || int64(len(t.texts.memory))+t.texts.size >= groupBytes {
		c.send()
	}
	return nil
}

// send passes on the threads that were collected.
func (c *collector) send() {
	if c.threads != nil {
		c.inOrder <- c.threads
		c.toBuild <- c.threads
		c.threads = nil
	}
}
