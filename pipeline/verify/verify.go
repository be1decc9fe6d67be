// Package verify compares every output with its input, and shows its progress.
package verify

import (
	"context"
	"fmt"
	"strings"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/watch"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/outputs"
)

// Run compares the outputs of a run with these settings with their inputs.
func Run(ctx context.Context, c *config.Run) (outputs.Verdict, error) {
	var looked outputs.Looked
	shows := &watch.Progress{
		Console: &watch.Console{},
		Look: func() watch.State {
			done, all, wrong := looked.Files()
			return watch.State{Done: done, Missing: all, Dead: wrong, Rows: looked.Rows()}
		},
		Engine: c.Model.Config,
		Words:  watch.Words{Doing: "verifying", Dead: "wrong outputs", Then: "embedding a sample again"},
	}
	stop := shows.Start(ctx, c.Watching.Progress)
	defer stop()
	return outputs.Verify(ctx, transforms.ThisProcess().Reads, c.Files.Names, c.Embedding(), &looked)
}

// Text is a verdict for readers.
func Text(v outputs.Verdict) string {
	var b strings.Builder
	fmt.Fprintf(&b, "outputs   %d, %d rows; %d inputs have none yet\n", v.Files, v.Rows, v.Missing)
	if v.Orphans > 0 {
		fmt.Fprintf(&b, "          %d have no input any more, and were looked at alone\n", v.Orphans)
	}
	if v.Embedded > 0 {
		fmt.Fprintf(&b, "sample    %d rows embedded again: the least cosine is %.7f\n", v.Embedded, v.Worst)
	}
	if v.NotAudited > 0 {
		fmt.Fprintf(&b, "unaudited %d, which verify's own Parquet reader cannot read, or whose inputs it cannot read\n", v.NotAudited)
		listProblems(&b, v.Unaudited, v.NotAudited)
	}
	fmt.Fprintf(&b, "wrong     %d\n", v.Wrong)
	listProblems(&b, v.Problems, v.Wrong)
	return b.String()
}

// listProblems lists the problems that are named, of all.
func listProblems(b *strings.Builder, problems []outputs.Problem, all int64) {
	for _, p := range problems {
		fmt.Fprintf(b, "  %s: %s\n", p.Output, p.Reason)
	}
	if more := all - int64(len(problems)); more > 0 {
		fmt.Fprintf(b, "  and %d more\n", more)
	}
}
