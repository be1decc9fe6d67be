package job

import (
	"fmt"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
)

// mostEarlier bounds how many outputs of earlier runs are read.
const mostEarlier = 64

// mixture says which earlier outputs differ from what this run wrote or, if it wrote nothing, from
// the first of them. It returns nothing if none differs. Vectors of two precisions are near each
// other, but those of two models have nothing in common.
func mixture(earlier []chainfile.Fingerprint, model *models.Folder, precision string) string {
	if len(earlier) == 0 {
		return ""
	}
	ours := earlier[0]
	if precision != "" && model != nil {
		ours = chainfile.Fingerprint{Model: model.Name, WeightsSHA: model.WeightsSHA, Precision: precision}
	}
	counts := map[string]int{}
	for _, f := range earlier {
		switch {
		case f.WeightsSHA != ours.WeightsSHA:
			counts[fmt.Sprintf("of another model (%s)", f.Model)]++
		case f.Precision != ours.Precision:
			counts["in "+f.Precision]++
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
	return fmt.Sprintf("of %d earlier outputs that were read, %s; the others are of %s in %s: choose another --suffix, or delete them to have them embedded again",
		len(earlier), strings.Join(parts, ", "), ours.Model, ours.Precision)
}
