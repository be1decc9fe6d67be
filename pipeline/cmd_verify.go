package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/pipeline/watch"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/outputs"
)

const verifyText = `Reads every output beside its input, with another Parquet library than the run: rows,
kept columns, the vectors' dimension, numbers and length, the fingerprint and the hashes
in it of the texts and of the vectors. One row in each of up to 1,000 files is embedded
again and compared. Give the flags of the run that made them. It writes nothing.

Exit codes: 0 all outputs are right, 3 some are not, or could not be audited; 'run
--check=fingerprint' embeds those anew whose footer or fingerprint says so. Delete the
other wrong ones to have them embedded.`

const verifyExamples = `  go run ./pipeline verify --root=/data --suffix=2026
  go run ./pipeline verify --root=/data --suffix=2026 --precision=bf16 --json`

func verifyCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "verify [flags]", Short: "compare every output with its input", Long: verifyText, Example: verifyExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		if err := c.CompleteAlone(); err != nil {
			return err
		}
		verdict, err := verify(cmd.Context(), c)
		if err != nil {
			return err
		}
		if err := printResult(cmd.OutOrStdout(), c.JSON, verdict, func() string { return verdictText(verdict) }); err != nil {
			return err
		}
		if verdict.Wrong > 0 {
			cmd.PrintErrf("wrong outputs: %d\n", verdict.Wrong)
		}
		if verdict.NotAudited > 0 {
			cmd.PrintErrf("outputs that could not be audited: %d\n", verdict.NotAudited)
		}
		if verdict.Wrong > 0 || verdict.NotAudited > 0 {
			return status(job.ExitDeadLetters)
		}
		return nil
	})
}

// verify compares outputs with inputs and shows how far it is.
func verify(ctx context.Context, c *config.Config) (outputs.Verdict, error) {
	var looked outputs.Looked
	console := &watch.Console{}
	shows := &watch.Progress{
		Console: console,
		Look: func() watch.State {
			done, all, wrong := looked.Files()
			return watch.State{Done: done, Missing: all, Dead: wrong, Rows: looked.Rows()}
		},
		Engine: c.Engine(),
		Words:  watch.Words{Doing: "verifying", Dead: "wrong outputs", Then: "embedding a sample again"},
	}
	stop := shows.Start(ctx, c.Progress, slog.New(slog.NewTextHandler(console, nil)))
	defer stop()
	return outputs.Verify(ctx, transforms.ThisProcess().Reads, c.Names, c.Embedding(), &looked)
}

// verdictText is a verdict for readers.
func verdictText(v outputs.Verdict) string {
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
