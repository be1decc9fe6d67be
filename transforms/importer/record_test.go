package importer

import (
	"testing"

	"github.com/threadloom/threadloom/transforms/post"
)

func TestRecordKeepsThePost(t *testing.T) {
	for line, want := range map[string]entry{
		`{"id":"c2","link_id":"t3_1","parent_id":"t1_c1","subreddit":"a","created_utc":7,"retrieved_on":-3,"score":-2,"author":"A","body":"text"}`: {
			id: 434, parent: 433, created: 7, retrieved: 0, score: -2, flags: flagComment | flagParent | flagScore | flagBody | flagBot,
		},
		`{"id":"c2","link_id":"t3_1","parent_id":null,"subreddit":"a","created_utc":"7","score":null,"body":"[removed]","_meta":{"was_deleted_later":true,"retrieved_2nd_on":9}}`: {
			id: 434, created: 7, retrieved: 9, flags: flagComment | flagDeletedLater,
		},
		`{"id":"z","subreddit":"a","created_utc":7,"title":"A title","selftext":"more"}`: {id: 35, created: 7, flags: flagBody},
	} {
		var p post.Post
		var lines post.Parser
		if err := lines.Parse([]byte(line), &p); err != nil {
			t.Fatal(err)
		}
		record, _ := appendRecord(nil, &p, p.Comment && string(p.AppendAuthor(nil)) == "A", p.Comment, nil)
		kept := texts{most: 1 << 20}
		got, err := readRecord(record, true, &kept)
		if err != nil {
			t.Fatal(err)
		}
		text, more := string(kept.memory[got.text.at:][:got.text.size]), string(kept.memory[got.more.at:][:got.more.size])
		if wanted := string(p.AppendBody(nil)); p.Comment && text != wanted || !p.Comment && (text != "A title" || more != "more") {
			t.Errorf("%s: texts %q, %q", line, text, more)
		}
		if p.Comment && more != string(p.AppendAuthor(nil)) {
			t.Errorf("%s: author %q", line, more)
		}
		got.text, got.more = span{}, span{}
		if got != want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", line, got, want)
		}
		for cut := range record { // a record that is cut must give an error, never another post
			if _, err := readRecord(record[:cut], true, &kept); err == nil {
				t.Errorf("%d of %d bytes of a record are read", cut, len(record))
			}
		}
	}
}
