package outputs

import (
	"fmt"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/audit"
)

// leastAlike returns the least cosine of two vectors of one text, in two precisions: both
// are within .9999 of fp32 where they are lower ones, and within 1e-5 a float where they
// are fp32, whatever machine made them.
func leastAlike(a, b string) float64 {
	if a == models.FP32 && b == models.FP32 {
		return 1 - 1e-6
	}
	return 0.9995 // cos(2·acos(.9999)) is .9996
}

// lengthTolerance returns by how much the length of a vector of length 1 may be off:
// lower precisions round it.
func lengthTolerance(precision string) float64 {
	if precision == models.FP32 {
		return 1e-4
	}
	return 5e-3
}

// compareRows says in what two rows of the same text differ; nothing where they do not,
// or the cosine of their vectors is least or more.
func compareRows(got, want audit.Row, least float64) (cosine float64, why string) {
	cosine = models.Cosine(got.Vector, want.Vector)
	switch {
	case got.Tokens != want.Tokens:
		why = fmt.Sprintf("its text has %d tokens now, it had %d", want.Tokens, got.Tokens)
	case got.Truncated != want.Truncated:
		why = "its text is cut otherwise now"
	case !(cosine >= least): // nor a number
		why = fmt.Sprintf("its text has another vector now: the cosine is %.7f", cosine)
	}
	return cosine, why
}
