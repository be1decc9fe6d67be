package post_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms/post"
)

const comment = `{"id":"c2715","link_id":"t3_22569","parent_id":"t1_c2714","subreddit":"reddit.com","created_utc":1137000000,"score":3,"author":"someone","body":"Well &amp; good"}`

// with returns the comment with a text replaced.
func with(t *testing.T, old, new string) string {
	t.Helper()
	if !strings.Contains(comment, old) {
		t.Fatalf("%s is not in the comment", old)
	}
	return strings.Replace(comment, old, new, 1)
}

func parse(t *testing.T, line string) post.Post {
	t.Helper()
	var p post.Post
	var r post.Parser
	if err := r.Parse([]byte(line), &p); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return p
}

func TestComment(t *testing.T) {
	p := parse(t, comment)
	if !p.Comment || p.ID.String() != "c2715" || p.Link.String() != "22569" || !p.HasParent || p.Parent.String() != "c2714" {
		t.Errorf("ids of %+v", p)
	}
	if string(p.Subreddit) != "reddit.com" || p.Created != 1137000000 || !p.HasScore || p.Score != 3 || p.DeletedLater {
		t.Errorf("%+v", p)
	}
	if got := string(p.AppendBody(nil)); got != "Well & good" {
		t.Errorf("body %q", got)
	}
}

func TestParentOfEachEra(t *testing.T) {
	for raw, want := range map[string]string{
		`"t1_c2714"`: "c2714",
		`"c2714"`:    "c2714",
		`"t3_22569"`: "",
		`null`:       "",
		`20534440`:   "c84h4", // an integer is the same number in base 10
	} {
		p := parse(t, with(t, `"t1_c2714"`, raw))
		got := ""
		if p.HasParent {
			got = p.Parent.String()
		}
		if got != want {
			t.Errorf("parent_id %s: got %q, want %q", raw, got, want)
		}
	}
}

func TestNumbersOfEachEra(t *testing.T) {
	for raw, want := range map[string]int64{`1137000000`: 1137000000, `"1137000000"`: 1137000000, `1137000000.0`: 1137000000, `1.137e9`: 1137000000, `0`: 0} {
		if p := parse(t, with(t, `1137000000`, raw)); p.Created != want {
			t.Errorf("created_utc %s: got %d", raw, p.Created)
		}
	}
	if p := parse(t, with(t, `"score":3`, `"score":null`)); p.HasScore {
		t.Error("a score of null is a score")
	}
	if p := parse(t, with(t, `"score":3`, `"score":-12.0`)); p.Score != -12 {
		t.Errorf("score %d", p.Score)
	}
}

func TestNameStandsForID(t *testing.T) {
	if p := parse(t, with(t, `"id":"c2715"`, `"name":"t1_c2715"`)); p.ID.String() != "c2715" {
		t.Errorf("id %s", p.ID)
	}
}

func TestRetrievalIsTheLatest(t *testing.T) {
	p := parse(t, with(t, `{"id"`, `{"retrieved_on":5,"_meta":{"retrieved_2nd_on":9,"was_deleted_later":true},"retrieved_utc":"7","id"`))
	if p.Retrieved != 9 || !p.DeletedLater {
		t.Errorf("%+v", p)
	}
}

func TestSubmission(t *testing.T) {
	p := parse(t, `{"id":"22569","subreddit":"de","created_utc":"1137000000","title":"A &lt; B","selftext":"[removed]","score":null}`)
	if p.Comment || p.Link != p.ID || string(p.AppendTitle(nil)) != "A < B" || len(p.AppendSelftext(nil)) != 0 {
		t.Errorf("%+v", p)
	}
}

func TestDeletedTexts(t *testing.T) {
	for _, body := range []string{`"[deleted]"`, `"[removed]"`, `" \r\n"`, `""`, `null`, `" [deleted] "`, `"[ Removed by Reddit ]"`, `"[ Removed by reddit in response to a copyright notice. ]"`} {
		p := parse(t, with(t, `"Well &amp; good"`, body))
		if got := p.AppendBody(nil); len(got) > 0 {
			t.Errorf("%s is a text: %q", body, got)
		}
	}
	p := parse(t, with(t, `"Well &amp; good"`, `"[deleted] it myself"`))
	if len(p.AppendBody(nil)) == 0 {
		t.Error("a text that begins with [deleted] is deleted")
	}
}

func TestOddLines(t *testing.T) {
	for want, lines := range map[string][]string{
		"blank line":          {"", " \t\r"},
		"not JSON":            {"{", comment[:40], comment + "x", `{"id":01}`, `{"body":"a` + "\n" + `b"}`, `{"a":"\x"}`, "\xef\xbb\xbf{}", "{'a':1}", `{"a":NaN}`},
		"not a JSON object":   {"1", `"x"`, "[1]", "null", " true "},
		`odd field "body"`:    {"{}", `{"id":"a"}`, with(t, `,"body":"Well &amp; good"`, ""), with(t, `"Well &amp; good"`, "7")},
		`odd field "id"`:      {with(t, `"c2715"`, `"c-15"`), with(t, `"c2715"`, `""`), with(t, `"c2715"`, `-1`), with(t, `"c2715"`, `"aaaaaaaaaaaaa"`)},
		`odd field "link_id"`: {with(t, `"t3_22569"`, `null`)},
		`odd field "parent_id"`: {
			with(t, `"parent_id":"t1_c2714",`, ""), with(t, `"t1_c2714"`, `true`), with(t, `"t1_c2714"`, `1.5`), with(t, `"t1_c2714"`, `"t1_"`),
		},
		`odd field "subreddit"`: {
			with(t, `"reddit.com"`, `null`), with(t, `"reddit.com"`, `""`), with(t, `"reddit.com"`, `"../x"`), with(t, `"reddit.com"`, `"a/b"`), with(t, `"reddit.com"`, `".."`), with(t, `"reddit.com"`, `"a\u0041"`),
		},
		`odd field "created_utc"`: {
			with(t, `1137000000`, `null`), with(t, `1137000000`, `"soon"`), with(t, `1137000000`, `"1.5"`), with(t, `1137000000`, `-1`), with(t, `1137000000`, `1e300`), with(t, `1137000000`, `""`), with(t, `1137000000`, `"-"`),
		},
		`odd field "score"`:  {with(t, `"score":3`, `"score":3000000000`), with(t, `"score":3`, `"score":[]`)},
		`odd field "author"`: {with(t, `"someone"`, `{}`)},
	} {
		for _, line := range lines {
			var p post.Post
			var r post.Parser
			if err := r.Parse([]byte(line), &p); err == nil || err.Error() != want {
				t.Errorf("%q: got %v, want %s", line, err, want)
			}
		}
	}
	var field *post.OddFieldError
	var r post.Parser
	if err := r.Parse([]byte("{}"), &post.Post{}); !errors.As(err, &field) {
		t.Errorf("%T", err)
	}
}

func TestTextIsCleaned(t *testing.T) {
	for quoted, want := range map[string]string{
		`"a &amp;lt; b &gt;"`:      "a &lt; b >",
		`"\u0026amp;"`:             "&",
		`"&nbsp;&"`:                "&nbsp;&",
		`" \n a\r\nb\rc\t"`:        "a\nb\nc",
		`"a\u0000b"`:               "a\uFFFDb",
		"\"a\xe2\x82z\xff\"":       "a\uFFFD\uFFFDz\uFFFD",
		`"\ud83d\ude00"`:           "😀",
		`"\ud83d x \ude00"`:        "\uFFFD x \uFFFD",
		`"\ud83d\ud83d\ude00"`:     "\uFFFD😀",
		`"\"\\\/\b\f\t|"`:          "\"\\/\b\f\t|",
		`"\u00e9\u20AC"`:           "é€",
		`"\u00a0kept\u00a0"`:       "\u00a0kept\u00a0",
		"\"\xe2&amp;\\u0082\"":     "\uFFFD&\u0082",
		`"a line of usual text."`:  "a line of usual text.",
		`"\uFFFD"`:                 "\uFFFD",
		`"&amp"`:                   "&amp",
		`"&amp;amp;&lt;&lt;&gt;&"`: "&amp;<<>&",
	} {
		if got := string(post.AppendText([]byte("x"), []byte(quoted))); got != "x"+want {
			t.Errorf("%s: got %q, want %q", quoted, got[1:], want)
		}
	}
}

func TestBots(t *testing.T) {
	bots := post.BundledBots()
	for author, want := range map[string]bool{"AutoModerator": true, "automoderator": true, "someone": false, strings.Repeat("x", 200): false} {
		p := parse(t, with(t, "someone", author))
		if bots.Wrote(&p) != want {
			t.Errorf("%s is a bot: %v", author, !want)
		}
	}
	if p := parse(t, with(t, "someone", "AutoModerator")); (post.Bots{}).Wrote(&p) {
		t.Error("a list without names has one")
	}
	own := post.ParseBots("# ours\nMyBot\n\n")
	if len(own) != 1 || !own["mybot"] {
		t.Errorf("%v", own)
	}
}

// realLines needs real dumps, which are not in the repository.
func realLines(t testing.TB) []string {
	t.Helper()
	folder := os.Getenv("THREADLOOM_DUMPS")
	if folder == "" {
		folder = "../../../shared/dumps"
	}
	var lines []string
	for _, name := range []string{"eras_comments.ndjson", "eras_submissions.ndjson"} {
		b, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Skipf("there are no real lines: %v (THREADLOOM_DUMPS names the folder)", err)
		}
		lines = append(lines, strings.Split(strings.TrimSpace(string(b)), "\n")...)
	}
	return lines
}

func TestRealLines(t *testing.T) {
	for _, line := range realLines(t) {
		if p := parse(t, line); p.Created == 0 || p.ID == 0 || len(p.Subreddit) == 0 {
			t.Errorf("%s: %+v", line, p)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	lines := realLines(b)
	var size int64
	for _, l := range lines {
		size += int64(len(l))
	}
	raw := make([][]byte, len(lines))
	for i, l := range lines {
		raw[i] = []byte(l)
	}
	b.SetBytes(size)
	b.ReportAllocs()
	var r post.Parser
	var p post.Post
	var text []byte
	for b.Loop() {
		for _, l := range raw {
			if err := r.Parse(l, &p); err != nil {
				b.Fatal(err)
			}
			text = p.AppendBody(text[:0])
		}
	}
}
