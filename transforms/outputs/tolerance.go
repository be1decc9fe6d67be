package outputs

import (
	"fmt"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/audit"
)

// leastAlike returns the least cosine that two vectors of one text may have, given their
// precisions. In fp32 each float differs by at most 1e-5 between machines. A vector in a lower
// precision has a cosine of at least 0.9999 with the one in fp32.
func leastAlike(a, b string) float64 {
	if a == models.FP32 && b == models.FP32 {
		return 1 - 1e-6
	}
	return 0.9995 // cos(2·acos(0.9999)) is 0.9996
}

// lengthTolerance returns by how much the length of a normalized vector may differ from 1.
// Lower precisions round it.
func lengthTolerance(precision string) float64 {
	if precision == models.FP32 {
		return 1e-4
	}
	return 5e-3
}

// compareRows says how two rows of the same text differ. It returns "" if they do not, which
// means that the cosine of their vectors is least or more.
func compareRows(got, want audit.Row, least float64) (cosine float64, why string) {
	cosine = models.Cosine(got.Vector, want.Vector)
	switch {
	case got.Tokens != want.Tokens:
		why = fmt.Sprintf("its text has %d tokens now, it had %d", want.Tokens, got.Tokens)
	case got.Truncated != want.Truncated:
		why = "its text is cut differently now"
	case !(cosine >= least): // a NaN, too
		why = fmt.Sprintf("its text has another vector now: the cosine is %.7f", cosine)
	}
	return cosine, why
}
