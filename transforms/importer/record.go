package importer

import (
	"cmp"
	"encoding/binary"
	"errors"

	"github.com/threadloom/threadloom/transforms/post"
)

// A record is what is kept of a post: flags, then numbers as varints, then texts, each after its length.
// Its submission and its subreddit are not in it, because records are grouped by thread.
const (
	flagComment = 1 << iota
	flagParent
	flagScore
	flagBody // it has a text, and not one that says that it was deleted
	flagDeletedLater
	flagBot
)

// appendRecord appends the record of a post.
func appendRecord(to []byte, p *post.Post, bot, author bool, scratch []byte) (record, newScratch []byte) {
	at := len(to)
	to = append(to, 0)
	flags := byte(0)
	set := func(flag byte, on bool) {
		if on {
			flags |= flag
		}
	}
	set(flagComment, p.Comment)
	set(flagParent, p.HasParent)
	set(flagScore, p.HasScore)
	set(flagDeletedLater, p.DeletedLater)
	set(flagBot, bot)
	to = binary.AppendUvarint(to, uint64(p.ID))
	to = binary.AppendUvarint(to, uint64(p.Parent))
	to = binary.AppendUvarint(to, uint64(p.Created))
	to = binary.AppendVarint(to, p.Retrieved)
	to = binary.AppendVarint(to, int64(p.Score))
	text := func(appendTo func([]byte) []byte) int {
		scratch = appendTo(scratch[:0])
		to = binary.AppendUvarint(to, uint64(len(scratch)))
		to = append(to, scratch...)
		return len(scratch)
	}
	if p.Comment {
		set(flagBody, text(p.AppendBody) > 0)
	} else {
		text(p.AppendTitle)
		set(flagBody, text(p.AppendSelftext) > 0)
	}
	if author {
		text(p.AppendAuthor)
	}
	to[at] = flags
	return to, scratch
}

// entry is a post in a thread that was gathered. Its texts are in the thread's texts.
type entry struct {
	id, parent         uint64
	created, retrieved int64
	score              int32
	flags              byte
	// text is a comment's body, or a submission's title; more is a submission's text, or a comment's author.
	text, more span
}

func (e *entry) has(flag byte) bool { return e.flags&flag != 0 }

// left says that a comment is left out of chains.
func (e *entry) left() bool { return !e.has(flagBody) || e.has(flagDeletedLater) || e.has(flagBot) }

var errRecord = errors.New("a record of a run is broken")

// readRecord reads a record, and appends its texts to texts.
func readRecord(b []byte, authors bool, texts *texts) (e entry, err error) {
	if len(b) == 0 {
		return e, errRecord
	}
	e.flags, b = b[0], b[1:]
	uvarint := func() uint64 {
		n, size := binary.Uvarint(b)
		if size <= 0 {
			err, b = errRecord, nil
			return 0
		}
		b = b[size:]
		return n
	}
	varint := func() int64 {
		n, size := binary.Varint(b)
		if size <= 0 {
			err, b = errRecord, nil
			return 0
		}
		b = b[size:]
		return n
	}
	text := func() (s span) {
		n := uvarint()
		if n > uint64(len(b)) {
			err, b = errRecord, nil
			return span{}
		}
		if err == nil {
			s, err = texts.add(b[:n])
		}
		b = b[n:]
		return s
	}
	e.id, e.parent, e.created = uvarint(), uvarint(), int64(uvarint())
	e.retrieved, e.score = varint(), int32(varint())
	e.text = text()
	if !e.has(flagComment) || authors {
		e.more = text()
	}
	return e, err
}

// better compares two posts with one id: the one to keep is greater.
func better(a, b *entry, texts *texts) (int, error) {
	flag := func(e *entry, f byte) int {
		if e.has(f) {
			return 1
		}
		return 0
	}
	c := cmp.Or(
		cmp.Compare(flag(a, flagBody), flag(b, flagBody)),
		cmp.Compare(a.retrieved, b.retrieved),
		cmp.Compare(a.created, b.created),
		cmp.Compare(flag(a, flagScore), flag(b, flagScore)),
		cmp.Compare(a.score, b.score),
		cmp.Compare(flag(a, flagParent), flag(b, flagParent)),
		cmp.Compare(a.parent, b.parent),
	)
	if c != 0 {
		return c, nil
	}
	if c, err := texts.compare(a.text, b.text); c != 0 || err != nil {
		return c, err
	}
	if c, err := texts.compare(a.more, b.more); c != 0 || err != nil {
		return c, err
	}
	return cmp.Compare(a.flags, b.flags), nil
}
