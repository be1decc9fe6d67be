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
	bytes     int
}

const milliseconds = 1000 // of a second

const (
	// batchBytes ends a batch of rows.
	batchBytes = 2 << 20
	// rowBytes is about what the ids of a row take, and its permalink.
	rowBytes = 80
)

// builder makes chains of threads.
type builder struct {
	plan     *Plan
	chains   thread.Builder
	comments []thread.Comment
	batch    *batch
	title    *string // of the thread's submission; nil: there is none
	selftext []byte
	text     []byte // of a chain
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
	if b.batch != nil && (b.batch.subreddit != subreddit || b.batch.bytes >= batchBytes) {
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
	b.batch.subreddit, b.batch.rows, b.batch.bytes = subreddit, b.batch.rows[:0], 0
	return nil
}

func (b *builder) send(t *threads) {
	if b.batch != nil {
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
		return b.row(&t.texts, g, posts, c)
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

func (b *builder) readSubmission(t *threads, submission *entry) error {
	b.title, b.selftext = nil, b.selftext[:0]
	if submission == nil {
		return nil
	}
	title, err := t.texts.appendTo(nil, submission.text)
	if err != nil {
		return err
	}
	text := string(title)
	b.title = &text
	if !submission.has(flagDeletedLater) {
		b.selftext, err = t.texts.appendTo(b.selftext, submission.more)
	}
	return err
}

// row adds the row of a chain to the batch.
func (b *builder) row(texts *texts, g gathered, posts []entry, c thread.Chain) (err error) {
	leaf := &posts[c.Leaf()]
	if b.text, err = b.appendChain(b.text[:0], texts, posts, c); err != nil {
		return err
	}
	linkID, leafID := post.ID(g.link).String(), post.ID(leaf.id).String()
	r := row{
		ChainID: linkID + "_" + leafID, Text: string(b.text), Subreddit: g.subreddit,
		LinkID: linkID, RootID: post.ID(posts[c.Root].id).String(), LeafID: leafID,
		Permalink:  "/r/" + g.subreddit + "/comments/" + linkID + "/_/" + leafID + "/",
		CreatedUTC: leaf.created * milliseconds, StartedUTC: posts[c.Turns[0]].created * milliseconds,
		NTurns: int32(len(c.Turns)), NMissing: c.Missing, Depth: c.Depth, Complete: c.Complete, Title: b.title,
	}
	if leaf.has(flagScore) {
		r.Score = &leaf.score // which stays as it is until the batch is written
	}
	if b.plan.Authors {
		author, err := texts.appendTo(nil, leaf.more)
		if err != nil {
			return err
		}
		r.author = string(author)
	}
	b.batch.rows = append(b.batch.rows, r)
	b.batch.bytes += len(b.text) + rowBytes
	return nil
}

// appendChain appends the text of a chain.
func (b *builder) appendChain(to []byte, texts *texts, posts []entry, c thread.Chain) (_ []byte, err error) {
	if b.title != nil {
		to = append(to, *b.title...)
	}
	gap := func() {
		if len(to) > 0 {
			to = append(to, "\n\n"...)
		}
	}
	if len(b.selftext) > 0 {
		gap()
		to = append(to, b.selftext...)
	}
	for _, turn := range c.Turns {
		gap()
		if to, err = texts.appendTo(to, posts[turn].text); err != nil {
			return to, err
		}
	}
	return to, nil
}
