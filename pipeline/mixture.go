package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/chainfile"
)

// mostEarlier bounds the outputs of earlier runs that are looked at.
const mostEarlier = 64

// mixture looks at outputs of earlier runs and says how those were made that do
// not go with what this run writes; nothing if all do. Vectors of two precisions
// are near each other, those of two models have nothing in common.
func mixture(c Config, engine *models.Engine) string {
	names, err := transforms.ReadCheckpoint(c.Subreddits)
	if err != nil {
		return "" // the pipeline reads it, too, and says what is wrong
	}
	return others(transforms.Earlier(c.Layout(), names, mostEarlier), chainfile.Fingerprint{
		Model: engine.Folder.Name, WeightsSHA: engine.Folder.WeightsSHA, Precision: engine.Backend.Precision,
	})
}

// others counts what differs from ours in weights or in precision.
func others(earlier []chainfile.Fingerprint, ours chainfile.Fingerprint) string {
	counts := map[string]int{}
	for _, mark := range earlier {
		switch {
		case mark.WeightsSHA != ours.WeightsSHA:
			counts[fmt.Sprintf("of another model (%s)", mark.Model)]++
		case mark.Precision != ours.Precision:
			counts["in "+mark.Precision]++
		}
	}
	var parts []string
	for kind, n := range counts {
		parts = append(parts, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("earlier outputs, %d looked at: %s; this run writes %s in %s: choose another --suffix, or delete them to have them embedded anew",
		len(earlier), strings.Join(parts, ", "), ours.Model, ours.Precision)
}
