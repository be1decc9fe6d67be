package job

import (
	"testing"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
)

func TestSummaryAsText(t *testing.T) {
	c := config.Run{Files: config.Files{Root: "/data", Suffix: "posts"}, Clustering: config.Clustering{On: true, By: "all"}}
	counts := map[string]int64{
		"files_done": 3, "files_skipped": 2, "files_dead_lettered": 1, "rows": 400, "tokens": 5000, "rows_truncated": 7,
		"tokens_before_truncation": 6250, "tokens_reused": 500,
		"clustered_rows": 600, "clusters": 9, "noise_rows": 60,
	}
	w := work{
		Backend: models.Backend{Name: "onnxruntime-cpu", Precision: "fp32", TokenBudget: 512},
		padding: 0.015, took: 10 * time.Second, embedding: 8 * time.Second,
	}
	got := summarise(&c, counts, w).text(c.Clustering.By)
	want := `files     3 embedded, 2 skipped, 1 dead-lettered
rows      400, 7 truncated: 20.0 % of all tokens were not read
tokens    5000, 10.0 % of them reused from the same text, 1.5 % padding
engine    onnxruntime-cpu, fp32, batches of 512 tokens
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
	c := config.Run{Files: config.Files{Root: "/data", Suffix: "posts"}}
	got := summarise(&c, nil, work{took: time.Second})
	if got.TextsPerSec != 0 || got.ClustersDir != "" {
		t.Fatalf("got %+v", got)
	}
}
