package main

import (
	"testing"
	"time"
)

func TestSummaryAsText(t *testing.T) {
	c := Config{Root: "/data", Suffix: "posts", Cluster: true, ClusterBy: "all"}
	counts := map[string]int64{
		"files_done": 3, "files_skipped": 2, "files_dead_lettered": 1, "rows": 400, "tokens": 5000, "rows_truncated": 7,
		"clustered_rows": 600, "clusters": 9, "noise_rows": 60,
	}
	got := summarise(c, counts, 10*time.Second, 8*time.Second).text(c.ClusterBy)
	want := `files     3 embedded, 2 skipped, 1 dead-lettered
rows      400, 5000 tokens, 7 rows truncated
time      10.0 s, 8.0 s of them embedding: 50 texts/s
vectors   /data/embeddings/posts
clusters  9 of 600 rows, 10 % noise
table     /data/clusters/posts/clusters.md
`
	if got != want {
		t.Fatalf("got\n%swant\n%s", got, want)
	}
}

func TestSummaryOfARunThatHadNothingToDo(t *testing.T) {
	c := Config{Root: "/data", Suffix: "posts"}
	got := summarise(c, nil, time.Second, 0)
	if got.TextsPerSec != 0 || got.ClustersDir != "" {
		t.Fatalf("got %+v", got)
	}
}
