package dot

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// inGo is a plain loop. The C code must give the same results.
func inGo(q []int16, rows []int8, n int) []int32 {
	out := make([]int32, n)
	for r := range out {
		sum := int64(0)
		for i, x := range q {
			sum += int64(x) * int64(rows[r*len(q)+i])
		}
		if sum != int64(int32(sum)) {
			panic(fmt.Sprint("an overflow: ", sum))
		}
		out[r] = int32(sum)
	}
	return out
}

func TestRowsAreAsThePlainLoop(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, dimension := range []int{1, 2, 15, 16, 17, 31, 32, 33, 47, 48, 63, 100, 384, 385, 768, 1024} {
		const n = 37
		most := Most(dimension)
		q, rows := make([]int16, dimension), make([]int8, n*dimension+1)
		for i := range rows {
			rows[i] = int8(random.IntN(256) - 128)
		}
		for i := range dimension {
			q[i] = int16(random.IntN(2*most+1) - most)
			rows[i], rows[dimension+i] = -128, 127
		}
		extreme := slices.Repeat([]int16{int16(most)}, dimension) // with the rows of -128 the largest sum
		for _, v := range [][]int16{q, extreme} {
			for shift := range 2 { // aligned, and not
				got := make([]int32, n)
				Rows(v, rows[shift:], got)
				if want := inGo(v, rows[shift:], n); !slices.Equal(got, want) {
					t.Errorf("dimension %d, byte %d: got %v, want %v", dimension, shift, got, want)
				}
			}
		}
	}
	if Most(384) != math.MaxInt16 {
		t.Errorf("Most(384) is %d", Most(384))
	}
}

func TestRowsThatAreTooFewPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it read beyond the rows")
		}
	}()
	Rows(make([]int16, 3), make([]int8, 5), make([]int32, 2))
}

func BenchmarkRows(b *testing.B) {
	const dimension, n = 384, 100_000
	q, rows, out := make([]int16, dimension), make([]int8, n*dimension), make([]int32, n)
	b.SetBytes(int64(len(rows)))
	for b.Loop() {
		Rows(q, rows, out)
	}
}
