package job

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/counters"
)

// summary is what a run did; --json prints it.
type summary struct {
	FilesDone    int64 `json:"files_done"`
	FilesBridged int64 `json:"files_by_workers"` // of the done ones
	// FilesUncounted were embedded by processes that died before they were counted.
	FilesUncounted int64   `json:"files_uncounted,omitempty"`
	FilesSkipped   int64   `json:"files_skipped"`
	FilesStale     int64   `json:"files_stale,omitempty"`   // had an output that was not wanted any more
	FilesCorrupt   int64   `json:"files_corrupt,omitempty"` // had an output that cannot be read
	DeadLettered   int64   `json:"files_dead_lettered"`
	Rows           int64   `json:"rows"`
	Tokens         int64   `json:"tokens"`
	TruncatedRows  int64   `json:"rows_truncated"`
	RepairedRows   int64   `json:"rows_repaired"`
	LostTokens     float64 `json:"tokens_truncated_share"` // of the texts' tokens
	ReusedTokens   float64 `json:"tokens_reused_share"`    // of the tokens read: the same text was embedded once
	Padding        float64 `json:"padding_share"`          // of the tokens run
	Precision      string  `json:"precision"`
	Backend        string  `json:"backend"`
	TokenBudget    int     `json:"token_budget"`
	// Processes are those on a cluster's machines.
	Processes     []counters.Process `json:"processes,omitempty"`
	Mixture       string             `json:"mixture,omitempty"` // how earlier outputs differ
	Seconds       float64            `json:"seconds"`
	EmbedSeconds  float64            `json:"embedding_seconds"`
	TextsPerSec   float64            `json:"texts_per_second"` // while files were open
	ClusteredRows int64              `json:"clustered_rows"`
	Clusters      int64              `json:"clusters"`
	NoiseRows     int64              `json:"noise_rows"`
	FilesLeftOut  int64              `json:"files_left_out"`     // by the clustering
	LeftOut       []cluster.LeftOut  `json:"left_out,omitempty"` // the first of them
	leftOutList   string             // a file that names all of them, or of one group
	Embeddings    string             `json:"embeddings"`
	ClustersDir   string             `json:"clusters_dir,omitempty"`
}

// work is how a run embedded.
type work struct {
	models.Backend
	padding   float64       // share of the tokens run
	took      time.Duration // the whole run
	embedding time.Duration // while files were open
}

// summarise makes the summary of what was counted, by counter name.
func summarise(c *config.Run, n map[string]int64, w work) *summary {
	s := &summary{
		FilesDone: n["files_done"], FilesBridged: n["files_by_workers"], FilesSkipped: n["files_skipped"], DeadLettered: n["files_dead_lettered"],
		FilesStale: n["files_stale"], FilesCorrupt: n["files_corrupt"],
		Rows: n["rows"], Tokens: n["tokens"], TruncatedRows: n["rows_truncated"], RepairedRows: n["rows_repaired"],
		ClusteredRows: n["clustered_rows"], Clusters: n["clusters"], NoiseRows: n["noise_rows"], FilesLeftOut: n["files_left_out"],
		LostTokens:   max(0, share(n["tokens_before_truncation"]-n["tokens"], n["tokens_before_truncation"])),
		ReusedTokens: share(n["tokens_reused"], n["tokens"]), Padding: w.padding,
		Precision: w.Precision, Backend: w.Name, TokenBudget: w.TokenBudget,
		Seconds: w.took.Seconds(), EmbedSeconds: w.embedding.Seconds(), Embeddings: c.Files.Layout().Embeddings,
	}
	if w.embedding > 0 {
		s.TextsPerSec = float64(s.Rows) / s.EmbedSeconds
	}
	s.Processes = counters.Processes(n)
	if s.Backend == "" && len(s.Processes) > 0 {
		s.Backend, s.Precision = s.Processes[0].Backend, s.Processes[0].Precision
	}
	if c.Clustering.On {
		s.ClustersDir = c.Files.Clusters()
	}
	return s
}

func (s *summary) print(c *config.Run) error {
	if c.JSON {
		return json.NewEncoder(os.Stdout).Encode(s)
	}
	_, err := io.WriteString(os.Stdout, s.text(c.Clustering.By))
	return err
}

func share(part, whole int64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// text is the summary for readers.
func (s *summary) text(clusterBy string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "files     %d embedded, %d skipped, %d dead-lettered\n", s.FilesDone, s.FilesSkipped, s.DeadLettered)
	if s.FilesStale+s.FilesCorrupt > 0 {
		fmt.Fprintf(&b, "          %d had a stale output and %d a corrupt one\n", s.FilesStale, s.FilesCorrupt)
	}
	if s.FilesBridged > 0 {
		fmt.Fprintf(&b, "          %d of them embedded by workers on other machines\n", s.FilesBridged)
	}
	if s.FilesUncounted > 0 {
		fmt.Fprintf(&b, "          %d more embedded by processes that died; the figures below leave them out\n", s.FilesUncounted)
	}
	fmt.Fprintf(&b, "rows      %d, %d truncated: %.1f %% of all tokens were not read\n", s.Rows, s.TruncatedRows, 100*s.LostTokens)
	if s.RepairedRows > 0 {
		fmt.Fprintf(&b, "          %d rows had NUL bytes or invalid UTF-8\n", s.RepairedRows)
	}
	fmt.Fprintf(&b, "tokens    %d, %.1f %% of them reused from the same text, %.1f %% padding\n", s.Tokens, 100*s.ReusedTokens, 100*s.Padding)
	switch {
	case s.TokenBudget > 0:
		fmt.Fprintf(&b, "engine    %s, %s, batches of %d tokens\n", s.Backend, s.Precision, s.TokenBudget)
	case s.Backend != "":
		fmt.Fprintf(&b, "engine    %s, %s\n", s.Backend, s.Precision)
	}
	for _, p := range s.Processes {
		fmt.Fprintf(&b, "process   %s: %d files, %s, %s\n", p.Name, p.Files, p.Backend, p.Precision)
	}
	if s.Mixture != "" {
		fmt.Fprintf(&b, "mixed     %s\n", s.Mixture)
	}
	if s.EmbedSeconds > 0 || len(s.Processes) == 0 {
		fmt.Fprintf(&b, "time      %.1f s, %.1f s of them embedding: %.0f texts/s\n", s.Seconds, s.EmbedSeconds, s.TextsPerSec)
	} else { // other machines embedded
		fmt.Fprintf(&b, "time      %.1f s: %.0f texts/s\n", s.Seconds, float64(s.Rows)/s.Seconds)
	}
	fmt.Fprintf(&b, "vectors   %s\n", s.Embeddings)
	if s.ClusteredRows > 0 {
		fmt.Fprintf(&b, "clusters  %d of %d rows, %.0f %% noise\n",
			s.Clusters, s.ClusteredRows, 100*share(s.NoiseRows, s.ClusteredRows))
		folder := s.ClustersDir
		if clusterBy != "all" {
			folder = filepath.Join(folder, "*")
		}
		if s.FilesLeftOut > 0 {
			fmt.Fprintf(&b, "          %d files left out\n", s.FilesLeftOut)
		}
		fmt.Fprintf(&b, "table     %s\n", filepath.Join(folder, "clusters.md"))
	}
	return b.String()
}
