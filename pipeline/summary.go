package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// summary is what a run did; --json prints it.
type summary struct {
	FilesDone     int64   `json:"files_done"`
	FilesSkipped  int64   `json:"files_skipped"`
	DeadLettered  int64   `json:"files_dead_lettered"`
	Rows          int64   `json:"rows"`
	Tokens        int64   `json:"tokens"`
	TruncatedRows int64   `json:"rows_truncated"`
	RepairedRows  int64   `json:"rows_repaired"`
	Seconds       float64 `json:"seconds"`
	EmbedSeconds  float64 `json:"embedding_seconds"`
	TextsPerSec   float64 `json:"texts_per_second"` // while files were open
	ClusteredRows int64   `json:"clustered_rows"`
	Clusters      int64   `json:"clusters"`
	NoiseRows     int64   `json:"noise_rows"`
	Embeddings    string  `json:"embeddings"`
	ClustersDir   string  `json:"clusters_dir,omitempty"`
}

// summarise makes the summary of what was counted, by counter name. embedding is
// for how long files were open.
func summarise(c Config, n map[string]int64, took, embedding time.Duration) summary {
	s := summary{
		FilesDone: n["files_done"], FilesSkipped: n["files_skipped"], DeadLettered: n["files_dead_lettered"],
		Rows: n["rows"], Tokens: n["tokens"], TruncatedRows: n["rows_truncated"], RepairedRows: n["rows_repaired"],
		ClusteredRows: n["clustered_rows"], Clusters: n["clusters"], NoiseRows: n["noise_rows"],
		Seconds: took.Seconds(), EmbedSeconds: embedding.Seconds(), Embeddings: c.Layout().Embeddings,
	}
	if embedding > 0 {
		s.TextsPerSec = float64(s.Rows) / s.EmbedSeconds
	}
	if c.Cluster {
		s.ClustersDir = c.clusters()
	}
	return s
}

func (s summary) print(c Config) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	_, err := io.WriteString(os.Stdout, s.text(c.ClusterBy))
	return err
}

// text is the summary for readers.
func (s summary) text(clusterBy string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "files     %d embedded, %d skipped, %d dead-lettered\n", s.FilesDone, s.FilesSkipped, s.DeadLettered)
	fmt.Fprintf(&b, "rows      %d, %d tokens, %d rows truncated\n", s.Rows, s.Tokens, s.TruncatedRows)
	if s.RepairedRows > 0 {
		fmt.Fprintf(&b, "          %d rows had NUL bytes or invalid UTF-8\n", s.RepairedRows)
	}
	fmt.Fprintf(&b, "time      %.1f s, %.1f s of them embedding: %.0f texts/s\n", s.Seconds, s.EmbedSeconds, s.TextsPerSec)
	fmt.Fprintf(&b, "vectors   %s\n", s.Embeddings)
	if s.ClusteredRows > 0 {
		fmt.Fprintf(&b, "clusters  %d of %d rows, %.0f %% noise\n",
			s.Clusters, s.ClusteredRows, 100*float64(s.NoiseRows)/float64(s.ClusteredRows))
		folder := s.ClustersDir
		if clusterBy != "all" {
			folder = filepath.Join(folder, "*")
		}
		fmt.Fprintf(&b, "table     %s\n", filepath.Join(folder, "clusters.md"))
	}
	return b.String()
}
