package thread

import (
	"cmp"
	"slices"
)

// Comment is one comment of a thread.
type Comment struct {
	ID        uint64
	Parent    uint64
	HasParent bool // otherwise it answers the submission
	// Left says that the comment is left out of chains: it was deleted, or a bot wrote it.
	Left bool
}

// Mode is how chains are made from a thread.
type Mode string

// The modes.
const (
	Leaf    Mode = "leaf"
	Longest Mode = "longest"
	Pair    Mode = "pair"
	Single  Mode = "comment"
)

// Modes are all modes.
var Modes = []Mode{Leaf, Longest, Pair, Single}

// Options say which chains are wanted.
type Options struct {
	Mode     Mode
	MinTurns int
	MaxTurns int
}

// Chain is a chain. Comments are given by their index in the list that Build was given.
type Chain struct {
	Turns    []int32 // from the first to the leaf; valid until emit returns
	Root     int32   // the uppermost known comment on the way up from the leaf
	Missing  int32   // comments left out
	Depth    int32   // of the leaf below the submission: 1 for the root
	Complete bool    // see docs/import.md
}

// Leaf is the last comment.
func (c Chain) Leaf() int32 { return c.Turns[len(c.Turns)-1] }

// Fate is what became of a comment.
type Fate uint8

// The fates.
const (
	InChain Fate = iota
	LeftOut
	Alone // its chain would have too few comments
	Cut   // each of its chains begins below it, because of MaxTurns
)

// none stands for no comment.
const none int32 = -1

// Builder builds chains. It keeps its memory from thread to thread.
type Builder struct {
	comments []Comment
	options  Options

	parent []int32 // or none
	order  []int32 // parents before their children
	root   []int32
	depth  []int32
	// above is the nearest comment above that is not left out, and gap how many are left out between; if
	// there is none above, gap counts those up to the root.
	above, gap []int32
	// next is the comment with which a chain goes on, for each comment that has replies.
	next   []int32
	height []int32 // of the longest way down
	used   []bool  // in a chain
	below  []bool  // on the way of a chain, though perhaps cut
	turns  []int32
	stack  []int32
	reply  []bool // another comment that is not left out follows
}

// Build calls emit for each chain of a thread, in the order of the leaves. The comments must be
// sorted by id, and no id may occur twice. If emit fails, Build stops and returns its error.
func (b *Builder) Build(comments []Comment, options Options, emit func(Chain) error) error {
	b.comments, b.options = comments, options
	b.link()
	b.cutCycles()
	b.descend()
	if options.Mode == Longest {
		b.chooseNext()
	}
	b.used, b.below = resize(b.used, len(comments)), resize(b.below, len(comments))
	for i := range comments {
		if err := b.endAt(int32(i), emit); err != nil {
			return err
		}
	}
	b.settle()
	return nil
}

// resize returns a list of n zeros, which reuses the memory of another list.
func resize[T any](list []T, n int) []T {
	list = slices.Grow(list[:0], n)[:n]
	clear(list)
	return list
}

// link finds the parents.
func (b *Builder) link() {
	b.parent = resize(b.parent, len(b.comments))
	for i, c := range b.comments {
		b.parent[i] = none
		if !c.HasParent {
			continue
		}
		p, found := slices.BinarySearchFunc(b.comments, c.Parent, func(c Comment, id uint64) int { return cmp.Compare(c.ID, id) })
		if found {
			b.parent[i] = int32(p)
		}
	}
}

// cutCycles removes the parent of the comment with the lowest id in each circle.
func (b *Builder) cutCycles() {
	const unseen, done = 0, -1
	b.height = resize(b.height, len(b.comments)) // the walk in which a comment was met
	for i := range b.comments {
		walk := int32(i) + 1
		at := int32(i)
		for at != none && b.height[at] == unseen {
			b.height[at] = walk
			at = b.parent[at]
		}
		if at != none && b.height[at] == walk {
			lowest := at
			for c := b.parent[at]; c != at; c = b.parent[c] {
				lowest = min(lowest, c)
			}
			b.parent[lowest] = none
		}
		for at = int32(i); at != none && b.height[at] == walk; at = b.parent[at] {
			b.height[at] = done
		}
	}
}

// descend goes from the roots down, and notes for each comment what is above it.
func (b *Builder) descend() {
	n := len(b.comments)
	b.order = b.order[:0]
	b.root, b.depth = resize(b.root, n), resize(b.depth, n)
	b.above, b.gap, b.reply = resize(b.above, n), resize(b.gap, n), resize(b.reply, n)
	for i := range b.comments {
		b.stack = b.stack[:0]
		for at := int32(i); at != none && b.depth[at] == 0; at = b.parent[at] {
			b.stack = append(b.stack, at)
		}
		for _, at := range slices.Backward(b.stack) {
			b.place(at)
			b.order = append(b.order, at)
		}
	}
}

// place notes for a comment what is above it, if that is known for its parent.
func (b *Builder) place(at int32) {
	p := b.parent[at]
	if p == none {
		b.root[at], b.depth[at], b.above[at] = at, 1, none
		return
	}
	b.root[at], b.depth[at] = b.root[p], b.depth[p]+1
	if b.comments[p].Left {
		b.above[at], b.gap[at] = b.above[p], b.gap[p]+1
	} else {
		b.above[at], b.gap[at] = p, 0
	}
	if above := b.above[at]; above != none && !b.comments[at].Left {
		b.reply[above] = true
	}
}

// chooseNext finds the longest way down from each comment. If ways are equally long, it takes the
// one that begins with the lower id.
func (b *Builder) chooseNext() {
	b.height = resize(b.height, len(b.comments))
	b.next = resize(b.next, len(b.comments))
	for i := range b.next {
		b.next[i] = none
	}
	for _, at := range slices.Backward(b.order) {
		up := b.above[at]
		if b.comments[at].Left || up == none {
			continue
		}
		h := b.height[at] + 1
		if h > b.height[up] || h == b.height[up] && at < b.next[up] {
			b.height[up], b.next[up] = h, at
		}
	}
}

// follows returns the comment before one in its chain.
func (b *Builder) follows(at int32) int32 {
	up := b.above[at]
	if up != none && b.options.Mode == Longest && b.next[up] != at {
		return none // the chain of up goes on with another comment
	}
	return up
}

// bounds are the least and the most turns of the mode.
func (o Options) bounds() (least, most int) {
	switch o.Mode {
	case Pair:
		return 2, 2
	case Single:
		return 1, 1
	}
	return o.MinTurns, o.MaxTurns
}

// endAt emits the chain whose leaf is a comment, if the comment is a leaf.
func (b *Builder) endAt(at int32, emit func(Chain) error) error {
	branch := b.options.Mode == Leaf || b.options.Mode == Longest
	if b.comments[at].Left || branch && b.reply[at] {
		return nil
	}
	least, most := b.options.bounds()
	chain := Chain{Root: b.root[at], Depth: b.depth[at]}
	b.turns = append(b.turns[:0], at)
	first := at
	for len(b.turns) < most {
		up := b.follows(first)
		if up == none {
			break
		}
		chain.Missing += b.gap[first]
		b.turns = append(b.turns, up)
		first = up
	}
	if len(b.turns) < least {
		return nil
	}
	if b.above[first] == none {
		chain.Missing += b.gap[first]
		chain.Complete = !b.comments[chain.Root].HasParent
	}
	for _, turn := range b.turns {
		b.used[turn] = true
	}
	b.below[at] = true
	slices.Reverse(b.turns)
	chain.Turns = b.turns
	return emit(chain)
}

// settle finds the comments on the ways of chains.
func (b *Builder) settle() {
	for _, at := range slices.Backward(b.order) {
		if !b.below[at] {
			continue
		}
		if up := b.follows(at); up != none {
			b.below[up] = true
		}
	}
}

// Fate says what became of a comment of the last thread.
func (b *Builder) Fate(i int) Fate {
	switch {
	case b.comments[i].Left:
		return LeftOut
	case b.used[i]:
		return InChain
	case b.below[i]:
		return Cut
	}
	return Alone
}
