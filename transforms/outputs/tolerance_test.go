package outputs

import (
	"math"
	"testing"

	"github.com/threadloom/threadloom/transforms/audit"
	"github.com/threadloom/threadloom/transforms/layout"
)

func TestRowsOfOneTextAreAlikeWithinTheirPrecision(t *testing.T) {
	turned := func(angle float64) []float32 { return []float32{float32(math.Cos(angle)), float32(math.Sin(angle))} }
	row := func(tokens int32, cut bool, angle float64) audit.Row {
		return audit.Row{Tokens: tokens, Truncated: cut, Vector: turned(angle)}
	}
	nan := audit.Row{Tokens: 5, Vector: []float32{float32(math.NaN()), 0}}
	for name, c := range map[string]struct {
		got, now     audit.Row
		then, engine string
		alike        bool
	}{
		"equal":                 {row(5, false, 0), row(5, false, 0), "fp32", "fp32", true},
		"rounded":               {row(5, false, 0), row(5, false, 1e-4), "fp32", "fp32", true},
		"off in fp32":           {row(5, false, 0), row(5, false, 0.01), "fp32", "fp32", false},
		"as far apart in bf16":  {row(5, false, 0), row(5, false, 0.01), "bf16", "bf16", true},
		"bf16 beside fp32":      {row(5, false, 0), row(5, false, 0.01), "bf16", "fp32", true},
		"another text in bf16":  {row(5, false, 0), row(5, false, 0.1), "bf16", "bf16", false},
		"other tokens":          {row(5, false, 0), row(6, false, 0), "fp32", "fp32", false},
		"cut":                   {row(5, false, 0), row(5, true, 0), "fp32", "fp32", false},
		"not a number":          {nan, row(5, false, 0), "bf16", "bf16", false},
		"an engine without one": {row(5, false, 0), nan, "fp32", "fp32", false},
	} {
		if _, why := compareRows(c.got, c.now, leastAlike(c.then, c.engine)); (why == "") != c.alike {
			t.Errorf("%s: %q", name, why)
		}
	}
}

func TestASampleIsOfUpTo1000FilesEvenlyChosen(t *testing.T) {
	for _, n := range []int{1, 999, 1000, 1001, 12345} {
		v := verifier{files: make([]layout.File, n)}
		drawn := 0
		for i := range n {
			if v.drawn(i) {
				drawn++
			}
		}
		if drawn != min(n, resampled) {
			t.Errorf("%d of %d files", drawn, n)
		}
	}
}
