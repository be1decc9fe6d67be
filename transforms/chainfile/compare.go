package chainfile

import (
	"fmt"
	"math"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// Comparison compares the kept columns of an output with its input's.
type Comparison struct {
	names []string
	in    []int // which of the input's kept columns each is
}

// NewComparison matches the kept columns of an output with those of its input. It fails
// where the input has no such column, or one of another type.
func NewComparison(out *OutputReader, in *Reader) (Comparison, error) {
	c := Comparison{names: out.Kept()}
	inputs := in.keptNames()
	for i, name := range c.names {
		at := slices.Index(inputs, name)
		if at < 0 {
			return c, fmt.Errorf("the input has no column %q", name)
		}
		if got, want := out.kept[i].Type().Kind(), in.kept[at].stored.Kind(); got != want {
			return c, fmt.Errorf("the column %q is %s, the input's is %s", name, got, want)
		}
		c.in = append(c.in, at)
	}
	return c, nil
}

// Rows says where the kept values of an output differ from the input's in the same rows,
// the first of which is row first of the file; nothing where they are equal.
func (c Comparison) Rows(out OutputChunk, in Chunk, first int64) string {
	for k, name := range c.names {
		for i, v := range out.Kept[k] {
			if !same(v, in.Kept[c.in[k]][i]) {
				return fmt.Sprintf("row %d: the column %q is not the input's", first+int64(i), name)
			}
		}
	}
	return ""
}

// same says whether two values of one type are the same, bit by bit: NaN is NaN.
func same(a, b parquet.Value) bool {
	if a.IsNull() || b.IsNull() {
		return a.IsNull() == b.IsNull()
	}
	switch a.Kind() {
	case parquet.Float, parquet.Double:
		return a.Kind() == b.Kind() && a.Uint64() == b.Uint64()
	}
	return parquet.Equal(a, b)
}

// CheckVectors says which vector holds something that is no number, or has another
// length than 1 where unit is set, by more than tolerance; nothing where all are right.
// The first of them is row first of the file.
func CheckVectors(vectors []float32, dimension int, unit bool, tolerance float64, first int64) string {
	for i := 0; i < len(vectors); i += dimension {
		sum := 0.0
		for _, x := range vectors[i : i+dimension] {
			sum += float64(x) * float64(x)
		}
		row := first + int64(i/dimension)
		if math.IsNaN(sum) || math.IsInf(sum, 0) {
			return fmt.Sprintf("row %d: the vector holds something that is no number", row)
		}
		if length := math.Sqrt(sum); unit && math.Abs(length-1) > tolerance {
			return fmt.Sprintf("row %d: the vector's length is %.6g, not 1", row, length)
		}
	}
	return ""
}
