package models

import (
	"slices"
	"testing"
)

// continuing is added to the ids of tokens that continue a word.
const continuing = 1 << 20

// words makes the tokens of words. A word of n pieces has n ids, and all but the first are
// marked as continuing it.
func words(lengths ...int) (ids []uint32) {
	for _, n := range lengths {
		for piece := range n {
			id := uint32(len(ids))
			if piece > 0 {
				id += continuing
			}
			ids = append(ids, id)
		}
	}
	return ids
}

func goesOn(id uint32) bool { return id >= continuing }

func TestSplitTokens(t *testing.T) {
	for _, c := range []struct {
		name          string
		ids           []uint32
		size, overlap int
		want          [][2]int // from, to
	}{
		{"fits", words(1, 1, 1), 3, 1, [][2]int{{0, 3}}},
		{"empty", nil, 3, 1, [][2]int{{0, 0}}},
		{"one over", words(1, 1, 1, 1), 3, 1, [][2]int{{0, 3}, {2, 4}}},
		{"no overlap", words(1, 1, 1, 1, 1), 2, 0, [][2]int{{0, 2}, {2, 4}, {4, 5}}},
		{"whole words", words(2, 2, 2), 3, 0, [][2]int{{0, 2}, {2, 4}, {4, 6}}},
		{"overlap of a whole word", words(2, 2, 2), 4, 1, [][2]int{{0, 4}, {2, 6}}},
		{"a word longer than a window", words(7), 3, 1, [][2]int{{0, 3}, {2, 5}, {4, 7}}},
	} {
		got := splitTokens(c.ids, goesOn, c.size, c.overlap)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d windows %v, want %v", c.name, len(got), got, c.want)
			continue
		}
		for i, w := range c.want {
			if !slices.Equal(got[i], c.ids[w[0]:w[1]]) {
				t.Errorf("%s: window %d is %v, want %v", c.name, i, got[i], c.ids[w[0]:w[1]])
			}
		}
	}
}

func FuzzSplitTokens(f *testing.F) {
	f.Add([]byte{1, 2, 3, 1}, uint8(3), uint8(1))
	f.Add([]byte{9, 9}, uint8(1), uint8(40))
	f.Fuzz(func(t *testing.T, lengths []byte, size, overlap uint8) {
		var counts []int
		for _, n := range lengths {
			counts = append(counts, int(n%20))
		}
		ids := words(counts...)
		limit := int(size) + 1
		covered := 0
		for _, w := range splitTokens(ids, goesOn, limit, int(overlap)) {
			if len(w) > limit {
				t.Fatalf("a window of %d tokens, at most %d", len(w), limit)
			}
			if len(w) == 0 {
				continue
			}
			start := slices.Index(ids, w[0])
			if start > covered {
				t.Fatalf("tokens %d to %d are in no window", covered, start)
			}
			covered = max(covered, start+len(w))
		}
		if covered != len(ids) {
			t.Fatalf("covered %d of %d tokens", covered, len(ids))
		}
	})
}

func TestContinuationsAreReadFromTheVocabulary(t *testing.T) {
	for model, want := range map[string]int{
		`{"type": "WordPiece", "continuing_subword_prefix": "##", "vocab": {"a": 0, "##b": 1, "##c": 2}}`: 2,
		`{"type": "Unigram", "vocab": [["a", 0.5]]}`:                                                      0,
	} {
		got, err := continuations([]byte(`{"model": ` + model + `}`))
		if err != nil || len(got) != want {
			t.Errorf("%s: got %v, error %v, want %d", model, got, err, want)
		}
	}
}

func TestWeightedMean(t *testing.T) {
	got := weightedMean([]float32{1, 0, 0, 1}, []float32{3, 1}, false)
	if !slices.Equal(got, []float32{0.75, 0.25}) {
		t.Errorf("mean %v", got)
	}
	got = weightedMean([]float32{1, 0, 0, 1}, []float32{4, 3}, true)
	if !slices.Equal(got, []float32{0.8, 0.6}) {
		t.Errorf("mean of length 1 %v", got)
	}
}
