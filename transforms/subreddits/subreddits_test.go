package subreddits

import (
	"path/filepath"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
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
		{`["_dead_letters.jsonl"]`, nil},
		{`["_runs"]`, nil},
		{`["_trees", "run"]`, []string{"_trees", "run"}},
		{`[{"title": "a"}]`, nil},
		{`[1]`, nil},
		{`{"names": ["a"]}`, nil},
		{`null`, nil},
		{`{}`, nil},
		{`{"subreddits": null}`, nil},
		{`{"subreddits": {}}`, nil},
		{`"a"`, nil},
		{`1`, nil},
		{`true`, nil},
		{`[null]`, nil},
		{`["a", null]`, nil},
		{`[[]]`, nil},
		{`[["a"]]`, nil},
		{`[{}]`, nil},
		{`[{"name": null}]`, nil},
		{`[{"name": ""}]`, nil},
		{`[{"name": 1}]`, nil},
		{`["a\\b"]`, nil},
		{`["/a"]`, nil},
		{`["a/"]`, nil},
		{`["a\u0000"]`, nil},
		{`["."]`, nil},
		{`["a"] ["b"]`, nil},
		{`not JSON`, nil},
		{``, nil},
	} {
		got, err := parse([]byte(c.in))
		if (err == nil) != (c.want != nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, error %v, want %q", c.in, got, err, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`["a", "b c"]`, `[{"name": "a"}, {"subreddit": "b"}]`, `{"subreddits": ["a", {"name": "b"}]}`,
		`["../a"]`, `["\u0000"]`, `["a\ud800"]`, `[[[[[`, `{"subreddits": null}`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		names, err := parse(b)
		if err != nil {
			return
		}
		for i, name := range names {
			folder := filepath.Join("/chains", name)
			if filepath.Dir(folder) != "/chains" || slices.Contains(names[:i], name) {
				t.Fatalf("%q came through", name)
			}
		}
	})
}
