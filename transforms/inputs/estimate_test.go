package inputs

import (
	"slices"
	"testing"
)

func TestEstimateParts(t *testing.T) {
	texts := []string{"a", "b"}
	for name, c := range map[string]struct {
		parts []Part
		want  []Estimate
	}{
		"nothing to do":   {[]Part{{}}, []Estimate{{}}},
		"all footers":     {[]Part{{Files: 2, Read: 2, Rows: 30, Samples: []Sample{{30, texts, 40}}}}, []Estimate{{30, 600}}},
		"some footers":    {[]Part{{Files: 10, Read: 2, Rows: 30, Samples: []Sample{{30, texts, 40}}}}, []Estimate{{150, 3000}}},
		"large files":     {[]Part{{Files: 2, Read: 2, Rows: 40, Samples: []Sample{{30, texts, 20}, {10, texts, 60}}}}, []Estimate{{40, 600}}},
		"without samples": {[]Part{{Files: 1, Read: 1, Rows: 5}, {Files: 1, Read: 1, Rows: 2, Samples: []Sample{{2, texts, 8}}}}, []Estimate{{5, 20}, {2, 8}}},
		"unreadable":      {[]Part{{Files: 3, Read: 3, Unreadable: 3}}, []Estimate{{}}},
	} {
		if got := EstimateParts(c.parts); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestFootersAreReadOfEverySubredditAndEvenly(t *testing.T) {
	for _, c := range []struct{ n, most, all, want int }{
		{5, 10, 10, 5}, {500, 100, 1000, 50}, {1, 100, 1000, 1},
	} {
		if got := atLeastOne(c.n, c.most, c.all); got != c.want {
			t.Errorf("%d of %d files, at most %d: got %d, want %d", c.n, c.all, c.most, got, c.want)
		}
	}
	names := []string{"a", "b", "c", "d", "e", "f"}
	if got := []string{evenly(names, 0, 3), evenly(names, 1, 3), evenly(names, 2, 3)}; !slices.Equal(got, []string{"a", "c", "e"}) {
		t.Errorf("got %v", got)
	}
}
