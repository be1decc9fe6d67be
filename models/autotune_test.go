package models

import (
	"errors"
	"math"
	"slices"
	"testing"
)

func TestBestSpeedsLeaveOutABadMoment(t *testing.T) {
	measured := map[int][]float64{512: {10, 100}, 256: {90, 2}} // by turn
	var order []int
	speeds, err := bestSpeeds([]int{512, 256}, func(budget int) (float64, error) {
		order = append(order, budget)
		next := measured[budget][0]
		measured[budget] = measured[budget][1:]
		return next, nil
	})
	if err != nil || !slices.Equal(speeds, []float64{100, 90}) {
		t.Errorf("speeds %v, error %v", speeds, err)
	}
	if want := []int{512, 256, 512, 256}; !slices.Equal(order, want) {
		t.Errorf("measured in the order %v, want %v", order, want)
	}
	broken := errors.New("no memory")
	if _, err := bestSpeeds([]int{512}, func(int) (float64, error) { return 0, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
}

func TestWorstCosine(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		a, b [][]float32
		want float64
	}{
		{"the same", [][]float32{{1, 2}, {3, 4}}, [][]float32{{2, 4}, {3, 4}}, 1},
		{"one is off", [][]float32{{1, 0}, {3, 4}}, [][]float32{{1, 0}, {4, 3}}, 0.96},
		{"no number", [][]float32{{1, 0}}, [][]float32{{nan, 0}}, math.NaN()},
	} {
		got := worstCosine(c.a, c.b)
		if math.Abs(got-c.want) > 1e-9 || math.IsNaN(got) != math.IsNaN(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestCandidatesAreThoseThatTheMachineHas(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string // precision of the first; empty: refused
	}{
		{Config{}, FP32},
		{Config{Precision: Auto}, FP32},
		{Config{Accelerator: Auto, Library: "/nowhere/lib.so"}, FP32},
		{Config{Precision: BF16, Library: "/nowhere/lib.so"}, ""},
		{Config{Precision: FP16}, ""},
	} {
		got, err := candidates(c.config)
		if c.want == "" {
			if err == nil {
				t.Errorf("%+v: got %v", c.config, got)
			}
			continue
		}
		if err != nil || got[0].precision != c.want {
			t.Errorf("%+v: got %v, error %v", c.config, got, err)
		}
	}
}
