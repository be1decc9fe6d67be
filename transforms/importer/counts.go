package importer

import "maps"

// Counts say what became of lines: each line is in exactly one of the counts.
type Counts struct {
	Blank          int64            `json:"blank"`
	NotJSON        int64            `json:"not_json"`
	NotObject      int64            `json:"not_object"`
	Odd            map[string]int64 `json:"odd"` // by field
	OtherSubreddit int64            `json:"other_subreddit"`
	LongThread     int64            `json:"long_thread"`
	Duplicate      int64            `json:"duplicate"`
	Submission     int64            `json:"submission"`
	Deleted        int64            `json:"deleted"`
	Bot            int64            `json:"bot"`
	InChain        int64            `json:"in_chain"`
	Alone          int64            `json:"alone"`
	Cut            int64            `json:"cut"`
}

// Add adds the counts of other lines.
func (c *Counts) Add(o Counts) {
	c.Blank += o.Blank
	c.NotJSON += o.NotJSON
	c.NotObject += o.NotObject
	c.OtherSubreddit += o.OtherSubreddit
	c.LongThread += o.LongThread
	c.Duplicate += o.Duplicate
	c.Submission += o.Submission
	c.Deleted += o.Deleted
	c.Bot += o.Bot
	c.InChain += o.InChain
	c.Alone += o.Alone
	c.Cut += o.Cut
	if c.Odd == nil {
		c.Odd = maps.Clone(o.Odd)
		return
	}
	for field, n := range o.Odd {
		c.Odd[field] += n
	}
}

// Lines is how many lines were counted.
func (c Counts) Lines() int64 {
	return c.Blank + c.Broken() + c.OtherSubreddit + c.LongThread + c.Duplicate + c.Submission + c.Deleted + c.Bot + c.InChain + c.Alone + c.Cut
}

// Broken is how many of them hold no usable post.
func (c Counts) Broken() int64 {
	n := c.NotJSON + c.NotObject
	for _, odd := range c.Odd {
		n += odd
	}
	return n
}
