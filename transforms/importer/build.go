package importer

import (
	"cmp"
	"context"
	"slices"

	"github.com/threadloom/threadloom/transforms/post"
	"github.com/threadloom/threadloom/transforms/thread"
)

// batch is some rows of one subreddit, in the order in which they are written.
type batch struct {
	subreddit string
	rows      []row
	buf       []byte // the strings of the rows, until they are made
	cells     []cells
	scores    []int32
}

// cells are where the strings of a row are in the buffer.
type cells struct {
	chain, text, link, root, leaf, permalink, title, author place
	hasTitle, hasScore                                      bool
}

type place struct{ from, to int }

const milliseconds = 1000 // of a second

// batchText ends a batch.
const batchText = 2 << 20

// builder makes chains of threads.
type builder struct {
	plan     *Plan
	chains   thread.Builder
	comments []thread.Comment
	batch    *batch
	title    []byte
	selftext []byte
}

func newBuilder(p *Plan) *builder { return &builder{plan: p} }

// build makes the chains of threads, and hands them to the writer of t.
func (b *builder) build(ctx context.Context, t *threads) error {
	b.batch = nil
	for _, g := range t.list {
		if err := b.thread(ctx, t, g); err != nil {
			return err
		}
	}
	b.send(t)
	t.built <- nil
	return nil
}

// room returns the batch for rows of a subreddit.
func (b *builder) room(ctx context.Context, t *threads, subreddit string) error {
	if b.batch != nil && (b.batch.subreddit != subreddit || len(b.batch.buf) >= batchText) {
		b.send(t)
	}
	if b.batch != nil {
		return nil
	}
	select {
	case b.batch = <-t.spare:
	case <-ctx.Done():
		return ctx.Err()
	}
	b.batch.reset(subreddit)
	return nil
}

func (b *builder) send(t *threads) {
	if b.batch != nil {
		b.batch.finish()
		t.built <- b.batch
		b.batch = nil
	}
}

// thread makes the chains of one thread.
func (b *builder) thread(ctx context.Context, t *threads, g gathered) error {
	posts, duplicates, err := distinct(t.posts[g.first:g.last], &t.texts)
	if err != nil {
		return err
	}
	var submission *entry
	if len(posts) > 0 && !posts[0].has(flagComment) {
		submission, posts = &posts[0], posts[1:]
	}
	counts := &t.woven.Counts
	if int64(len(posts)) > b.plan.MaxThread {
		counts.LongThread += int64(g.last - g.first)
		return nil
	}
	counts.Duplicate += duplicates
	if submission != nil {
		counts.Submission++
	}
	if err := b.readSubmission(t, submission); err != nil {
		return err
	}
	b.comments = b.comments[:0]
	for i := range posts {
		e := &posts[i]
		b.comments = append(b.comments, thread.Comment{ID: e.id, Parent: e.parent, HasParent: e.has(flagParent), Left: e.left()})
	}
	err = b.chains.Build(b.comments, b.plan.Options, func(c thread.Chain) error {
		t.woven.Chains++
		if err := b.room(ctx, t, g.subreddit); err != nil {
			return err
		}
		return b.row(&t.texts, g, posts, c, submission != nil)
	})
	if err != nil {
		return err
	}
	for i := range posts {
		b.count(counts, i, &posts[i])
	}
	return nil
}

func (b *builder) count(counts *Counts, i int, e *entry) {
	switch b.chains.Fate(i) {
	case thread.InChain:
		counts.InChain++
	case thread.Alone:
		counts.Alone++
	case thread.Cut:
		counts.Cut++
	case thread.LeftOut:
		if !e.has(flagBody) || e.has(flagDeletedLater) {
			counts.Deleted++
		} else {
			counts.Bot++
		}
	}
}

// distinct sorts the posts of a thread, the submission first, and keeps the best one of each id.
func distinct(posts []entry, texts *texts) (kept []entry, duplicates int64, err error) {
	slices.SortFunc(posts, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.flags&flagComment, b.flags&flagComment), cmp.Compare(a.id, b.id))
	})
	kept = posts[:0]
	for _, e := range posts {
		last := len(kept) - 1
		if last < 0 || kept[last].id != e.id || kept[last].has(flagComment) != e.has(flagComment) {
			kept = append(kept, e)
			continue
		}
		duplicates++
		c, err := better(&e, &kept[last], texts)
		if err != nil {
			return nil, 0, err
		}
		if c > 0 {
			kept[last] = e
		}
	}
	return kept, duplicates, nil
}

func (b *builder) readSubmission(t *threads, submission *entry) (err error) {
	b.title, b.selftext = b.title[:0], b.selftext[:0]
	if submission == nil {
		return nil
	}
	if b.title, err = t.texts.appendTo(b.title, submission.text); err != nil || submission.has(flagDeletedLater) {
		return err
	}
	b.selftext, err = t.texts.appendTo(b.selftext, submission.more)
	return err
}

// row adds the row of a chain to the batch.
func (b *builder) row(texts *texts, g gathered, posts []entry, c thread.Chain, hasTitle bool) (err error) {
	to := b.batch
	leaf, root := &posts[c.Leaf()], &posts[c.Root]
	place := func(write func(buf []byte) []byte) place {
		p := place{from: len(to.buf)}
		to.buf = write(to.buf)
		p.to = len(to.buf)
		return p
	}
	link, leafID := post.ID(g.link), post.ID(leaf.id)
	cells := cells{hasTitle: hasTitle, hasScore: leaf.has(flagScore)}
	cells.chain = place(func(buf []byte) []byte { return leafID.Append(append(link.Append(buf), '_')) })
	cells.link.from = cells.chain.from
	cells.leaf.to = cells.chain.to
	cells.root = place(post.ID(root.id).Append)
	cells.permalink = place(func(buf []byte) []byte {
		buf = append(append(append(buf, "/r/"...), g.subreddit...), "/comments/"...)
		buf = append(link.Append(buf), "/_/"...)
		return append(leafID.Append(buf), '/')
	})
	for i := cells.chain.from; i < cells.chain.to; i++ {
		if to.buf[i] == '_' {
			cells.link.to, cells.leaf.from = i, i+1
		}
	}
	cells.text = place(func(buf []byte) []byte {
		buf, err = b.appendChain(buf, texts, posts, c)
		return buf
	})
	if err != nil {
		return err
	}
	if hasTitle {
		cells.title = place(func(buf []byte) []byte { return append(buf, b.title...) })
	}
	if b.plan.Authors {
		cells.author = place(func(buf []byte) []byte {
			buf, err = texts.appendTo(buf, leaf.more)
			return buf
		})
	}
	to.cells = append(to.cells, cells)
	to.scores = append(to.scores, leaf.score)
	to.rows = append(to.rows, row{
		Subreddit: g.subreddit, CreatedUTC: leaf.created * milliseconds, StartedUTC: posts[c.Turns[0]].created * milliseconds,
		NTurns: int32(len(c.Turns)), NMissing: c.Missing, Depth: c.Depth, Complete: c.Complete,
	})
	return err
}

// appendChain appends the text of a chain.
func (b *builder) appendChain(to []byte, texts *texts, posts []entry, c thread.Chain) (_ []byte, err error) {
	start := len(to)
	gap := func() {
		if len(to) > start {
			to = append(to, "\n\n"...)
		}
	}
	for _, part := range [][]byte{b.title, b.selftext} {
		if len(part) > 0 {
			gap()
			to = append(to, part...)
		}
	}
	for _, turn := range c.Turns {
		gap()
		if to, err = texts.appendTo(to, posts[turn].text); err != nil {
			return to, err
		}
	}
	return to, nil
}

func (b *batch) reset(subreddit string) {
	b.subreddit = subreddit
	b.rows, b.buf, b.cells, b.scores = b.rows[:0], b.buf[:0], b.cells[:0], b.scores[:0]
}

// finish makes the strings of the rows: all of them are parts of one.
func (b *batch) finish() {
	all := string(b.buf)
	for i, c := range b.cells {
		r := &b.rows[i]
		r.ChainID, r.Text, r.Permalink, r.author = all[c.chain.from:c.chain.to], all[c.text.from:c.text.to], all[c.permalink.from:c.permalink.to], all[c.author.from:c.author.to]
		r.LinkID, r.RootID, r.LeafID = all[c.link.from:c.link.to], all[c.root.from:c.root.to], all[c.leaf.from:c.leaf.to]
		if c.hasTitle {
			title := all[c.title.from:c.title.to]
			r.Title = &title
		}
		if c.hasScore {
			r.Score = &b.scores[i]
		}
	}
}
