package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms"
)

// Exit codes; an interrupted run exits with 128 + the signal's number.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitDeadLetters = 3
)

// run runs the pipeline and returns the exit code.
func run(c Config) int {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	beam.Init()
	start := time.Now()
	if c.sample {
		fmt.Fprintf(os.Stderr, "no --root given: running on the bundled sample in %s\n", c.Root)
	}
	stop := watchSignals()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go stop.cancelWhenDrained(cancel)
	go logProgress(ctx, start)

	p, s := beam.NewPipelineWithRoot()
	stopClustering, err := assemble(ctx, s, c)
	defer stopClustering()
	var result beam.PipelineResult
	if err == nil {
		var runner runners.Runner
		if runner, err = runners.Named(c.Runner); err == nil {
			result, err = runner.Run(ctx, p)
		}
	}
	if cerr := transforms.CompactDeadLetters(c.Layout().DeadLetters()); cerr != nil && err == nil {
		err = cerr
	}
	sum := summarise(c, result, time.Since(start))
	sum.print(c)
	if sig := stop.received(); sig != 0 {
		fmt.Fprintln(os.Stderr, "interrupted: open files were finished; run again to go on")
		return 128 + int(sig)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return exitFailed
	}
	if sum.DeadLettered > 0 {
		fmt.Fprintf(os.Stderr, "%d files could not be embedded: see %s\n", sum.DeadLettered, c.Layout().DeadLetters())
		return exitDeadLetters
	}
	return exitDone
}

// assemble opens the engine first, so that a wrong model stops the run before it
// starts, then the Python side, then builds the pipeline. The function that it
// returns stops the Python side.
func assemble(ctx context.Context, s beam.Scope, c Config) (stop func(), err error) {
	stop = func() {}
	_, err = models.Shared(c.engine())
	if err != nil {
		return stop, err
	}
	files := Build(s, c)
	if !c.Cluster {
		return stop, nil
	}
	server, err := cluster.Start(ctx, c.Python)
	if err != nil {
		return stop, err
	}
	cluster.Cluster(s, server.Addr, cluster.Options{
		ClustersDir: c.clusters(), TextColumn: c.TextColumn, By: c.ClusterBy, Seed: c.ClusterSeed,
	}, files)
	return server.Stop, nil
}

// stopper follows SIGINT and SIGTERM: the first finishes the open files, the
// second ends the program at once.
type stopper struct {
	first   chan struct{}
	sig     syscall.Signal
	drained chan struct{}
}

func watchSignals() *stopper {
	s := &stopper{first: make(chan struct{}), drained: make(chan struct{})}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s.sig = (<-signals).(syscall.Signal)
		close(s.first)
		fmt.Fprintf(os.Stderr, "%v: finishing %d open files; again to stop at once\n", s.sig, transforms.OpenFiles())
		transforms.Drain()
		again := (<-signals).(syscall.Signal)
		os.Exit(128 + int(again))
	}()
	return s
}

// cancelWhenDrained ends the job once no file is open after the first signal.
func (s *stopper) cancelWhenDrained(cancel context.CancelFunc) {
	<-s.first
	for transforms.OpenFiles() > 0 {
		time.Sleep(20 * time.Millisecond)
	}
	cancel()
}

func (s *stopper) received() syscall.Signal {
	select {
	case <-s.first:
		return s.sig
	default:
		return 0
	}
}

const progressEvery = 10 * time.Second

// logProgress writes a line now and then while files are embedded.
func logProgress(ctx context.Context, start time.Time) {
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			n := transforms.LocalCounts()
			fmt.Fprintf(os.Stderr, "%s: %d of %d files, %d rows\n",
				time.Since(start).Round(time.Second), n["files_done"]+n["files_dead_lettered"], n["files_missing"], n["rows"])
		}
	}
}

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
