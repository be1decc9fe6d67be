package main

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/transforms"
)

// Build makes the pipeline: list → expand → filter → partition → embed. It
// returns the PCollection<File> of all files that have embeddings in the end.
func Build(s beam.Scope, c Config) beam.PCollection {
	layout := c.Layout()
	subreddits := transforms.List(s, c.Subreddits)
	folders := transforms.Expand(s, layout, subreddits)
	missing, done := transforms.Filter(s, layout, folders)
	local, mps := transforms.Partition(s, missing)
	embedded := transforms.Embed(s, transforms.EmbedOptions{
		Model:       c.engine(),
		TextColumn:  c.TextColumn,
		Keep:        c.Keep,
		DeadLetters: layout.DeadLetters(),
	}, beam.Flatten(s, local, mps))
	return beam.Flatten(s, done, embedded)
}
