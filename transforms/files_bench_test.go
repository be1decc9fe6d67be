package transforms

import (
	"context"
	"os"
	"testing"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// BenchmarkFiles embeds the files of one subreddit, "bench", of the root that
// THREADLOOM_BENCH_ROOT names, from files to files without Beam; bench/pipeline.py
// makes one. Opening the engine is not counted.
func BenchmarkFiles(b *testing.B) {
	root := os.Getenv("THREADLOOM_BENCH_ROOT")
	if root == "" {
		b.Skip("THREADLOOM_BENCH_ROOT is not set")
	}
	tree := layout.New(root, "bench")
	options := EmbedOptions{Layout: tree, Model: models.Config{Folder: os.Getenv("THREADLOOM_BENCH_MODEL")}, TextColumn: "text"}
	engine, err := models.Shared(options.Model)
	if err != nil {
		b.Fatal(err)
	}
	names, err := layout.Names(tree.Inputs("bench"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		var done inflight.Group[outcome]
		tree.Each("bench", names, false, func(file layout.File) {
			done.Start(openSlots, func() outcome {
				stats, err := embedFile(context.Background(), engine, file, options)
				return outcome{file: file, stats: stats, err: err}
			})
		})
		for _, o := range done.Rest() {
			if o.err != nil {
				b.Fatal(o.err)
			}
		}
	}
}
