package transforms

import (
	"slices"
	"testing"
)

func TestParseCheckpoint(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string // nil: refused
	}{
		{`["a", "b c"]`, []string{"a", "b c"}},
		{`[{"name": "a"}, {"subreddit": "b"}, {"display_name": "c"}]`, []string{"a", "b", "c"}},
		{`{"subreddits": ["a", {"name": "b"}]}`, []string{"a", "b"}},
		{`[]`, []string{}},
		{`["a", "a"]`, nil},
		{`["../a"]`, nil},
		{`["a/b"]`, nil},
		{`[".."]`, nil},
		{`[""]`, nil},
		{`[{"title": "a"}]`, nil},
		{`[1]`, nil},
		{`{"names": ["a"]}`, nil},
		{`not JSON`, nil},
		{``, nil},
	} {
		got, err := parseCheckpoint([]byte(c.in))
		if (err == nil) != (c.want != nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, error %v, want %q", c.in, got, err, c.want)
		}
	}
}
