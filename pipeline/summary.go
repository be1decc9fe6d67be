package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/transforms"
)

// summary is what a run did; --json prints it.
type summary struct {
	FilesDone     int64   `json:"files_done"`
	FilesSkipped  int64   `json:"files_skipped"`
	DeadLettered  int64   `json:"files_dead_lettered"`
	Rows          int64   `json:"rows"`
	Tokens        int64   `json:"tokens"`
	TruncatedRows int64   `json:"rows_truncated"`
	Seconds       float64 `json:"seconds"`
	TextsPerSec   float64 `json:"texts_per_second"`
	ClusteredRows int64   `json:"clustered_rows"`
	Clusters      int64   `json:"clusters"`
	NoiseRows     int64   `json:"noise_rows"`
	Embeddings    string  `json:"embeddings"`
	ClustersDir   string  `json:"clusters_dir"`
}

// summarise takes Beam's metrics where the job ended well, and this process's
// counts where it did not.
func summarise(c Config, result beam.PipelineResult, took time.Duration) summary {
	n := transforms.LocalCounts()
	if result != nil {
		n = transforms.Counts(result.Metrics())
	}
	s := summary{
		FilesDone: n["files_done"], FilesSkipped: n["files_skipped"], DeadLettered: n["files_dead_lettered"],
		Rows: n["rows"], Tokens: n["tokens"], TruncatedRows: n["rows_truncated"],
		ClusteredRows: n["clustered_rows"], Clusters: n["clusters"], NoiseRows: n["noise_rows"],
		Seconds: took.Seconds(), Embeddings: c.Layout().Embeddings, ClustersDir: c.clusters(),
	}
	s.TextsPerSec = float64(s.Rows) / s.Seconds
	return s
}

func (s summary) print(c Config) {
	if c.JSON {
		b, err := json.Marshal(s)
		if err != nil {
			fmt.Fprintln(os.Stderr, "error: summary:", err)
			return
		}
		fmt.Println(string(b))
		return
	}
	fmt.Printf("files   %d embedded, %d skipped, %d dead-lettered\n", s.FilesDone, s.FilesSkipped, s.DeadLettered)
	fmt.Printf("rows    %d (%d tokens, %d rows truncated)\n", s.Rows, s.Tokens, s.TruncatedRows)
	fmt.Printf("time    %.1f s, %.0f texts/s\n", s.Seconds, s.TextsPerSec)
	fmt.Printf("output  %s\n", s.Embeddings)
	if s.ClusteredRows > 0 {
		fmt.Printf("clusters %d, %.0f %% of %d rows are noise: %s\n",
			s.Clusters, 100*float64(s.NoiseRows)/float64(s.ClusteredRows), s.ClusteredRows, s.ClustersDir)
	}
}
