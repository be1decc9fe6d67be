package transforms

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

// BenchmarkFiles embeds the files of the suffix "bench" in the root that
// THREADLOOM_BENCH_ROOT names, from files to files without Beam. bench/pipeline.py
// makes such a root. Opening the engine is not counted.
func BenchmarkFiles(b *testing.B) {
	root := os.Getenv("THREADLOOM_BENCH_ROOT")
	if root == "" {
		b.Skip("THREADLOOM_BENCH_ROOT is not set")
	}
	tree := layout.New(root, "bench")
	options := embedding.Options{Layout: tree, Model: models.Config{Folder: os.Getenv("THREADLOOM_BENCH_MODEL")}, TextColumn: "text"}
	if _, err := models.Shared(options.Model); err != nil {
		b.Fatal(err)
	}
	subreddits, err := os.ReadDir(tree.Chains)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		done, failed, files := 0, 0, 0
		r := reporter(context.Background(), func(layout.File) { done++ })
		r.Warn = func(text string) { failed++; b.Log(text) }
		bundle := newProcess().Embedder.NewBundle(options)
		for _, subreddit := range subreddits {
			names, listed := layout.Names(tree.Inputs(subreddit.Name()))
			err, files = errors.Join(err, listed), files+len(names)
			tree.Each(subreddit.Name(), names, false, func(file layout.File) {
				err = errors.Join(err, bundle.Embed(context.Background(), file, r))
			})
		}
		if err := errors.Join(err, bundle.Finish(r)); err != nil || failed > 0 || done < files {
			b.Fatal(done, failed, err)
		}
	}
}
