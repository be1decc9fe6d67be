package importer

import (
	"bytes"
	"errors"

	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/post"
)

// chunk is a batch of lines, and what was read in it.
type chunk struct {
	batch  dump.Batch
	end    int64         // of the batch in the decompressed dump
	parsed chan struct{} // has an element when the rest is there

	note      runNote
	records   []byte // for each position a name of a subreddit, and a record
	positions []position
}

// position is where a record is.
type position struct {
	link       uint64
	name       uint8 // length of the name
	record     uint32
	nameAt, at uint32
}

// skipTo cuts off what comes before an offset, and reports whether anything is left.
func (c *chunk) skipTo(offset int64) bool {
	c.end = c.batch.Offset + int64(len(c.batch.Lines))
	if c.batch.TooLong {
		return c.batch.Offset >= offset
	}
	if c.end <= offset {
		return false
	}
	if cut := offset - c.batch.Offset; cut > 0 {
		c.batch.Lines = c.batch.Lines[cut:]
		c.batch.Offset = offset
	}
	return true
}

// parseSettings say what is kept of lines.
type parseSettings struct {
	spellings map[string]string // nil: all subreddits
	bots      post.Bots
	authors   bool
}

func newParseSettings(p *Plan) *parseSettings {
	return &parseSettings{spellings: p.spellings(), bots: p.bots(), authors: p.Authors}
}

// parser reads the lines of chunks.
type parser struct {
	settings *parseSettings
	lines    post.Parser
	post     post.Post
	scratch  []byte
	lower    []byte
}

// parse reads the lines of a chunk.
func (r *parser) parse(c *chunk) {
	c.note = runNote{From: c.batch.Offset, To: c.end}
	c.records, c.positions = c.records[:0], c.positions[:0]
	if c.batch.TooLong {
		c.bad(c.batch.Offset, post.ErrNotJSON)
		return
	}
	offset := c.batch.Offset
	for rest := c.batch.Lines; len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line = rest[:i+1]
		}
		r.parseLine(c, line, offset)
		offset += int64(len(line))
		rest = rest[len(line):]
	}
}

func (r *parser) parseLine(c *chunk, line []byte, offset int64) {
	if err := r.lines.Parse(line, &r.post); err != nil {
		c.bad(offset, err)
		return
	}
	p := &r.post
	name := p.Subreddit
	if r.settings.spellings != nil {
		r.lower = post.AppendLower(r.lower[:0], name)
		spelling, wanted := r.settings.spellings[string(r.lower)]
		if !wanted {
			c.note.Counts.OtherSubreddit++
			return
		}
		r.lower = append(r.lower[:0], spelling...)
		name = r.lower
	}
	c.note.Kept++
	m := position{link: uint64(p.Link), name: uint8(len(name)), nameAt: uint32(len(c.records))}
	c.records = append(c.records, name...)
	m.at = uint32(len(c.records))
	c.records, r.scratch = appendRecord(c.records, p, p.Comment && r.settings.bots.Wrote(p), r.settings.authors && p.Comment, r.scratch)
	m.record = uint32(len(c.records)) - m.at
	c.positions = append(c.positions, m)
}

// bad counts a line of which nothing is kept.
func (c *chunk) bad(offset int64, err error) {
	counts := &c.note.Counts
	var odd *post.OddFieldError
	switch {
	case errors.Is(err, post.ErrBlank):
		counts.Blank++
		return
	case errors.Is(err, post.ErrNotJSON):
		counts.NotJSON++
	case errors.Is(err, post.ErrNotObject):
		counts.NotObject++
	case errors.As(err, &odd):
		if counts.Odd == nil {
			counts.Odd = map[string]int64{}
		}
		counts.Odd[odd.Field]++
	}
	if len(c.note.Bad) < namedBadLines {
		c.note.Bad = append(c.note.Bad, BadLine{offset, err.Error()})
	}
}
