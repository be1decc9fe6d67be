package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/transforms/outputs"
)

const assignText = `Puts embedded chains, such as the next month's, into the clusters of an earlier run:
nothing is fitted, labels and names stay. Files with vectors of another model or
precision are left out, with exit code 3. It says how much more is noise than when the clusters were found: where that
grows, cluster anew. Writes assigned.parquet and assigned.json into the clusters' folder. If a run is at work there, it
ends with exit code 4.`

const assignExamples = `  go run ./pipeline --root=/data --suffix=2026-12 --cluster=false
  go run ./pipeline assign --root=/data --suffix=2026-12 --model=/data/clusters/2026-11/model`

func assignCommand() *cobra.Command {
	c := config.ForAssign()
	return newCommand(cobra.Command{
		Use: "assign --model=DIR [flags]", Short: "put new chains into the clusters of an earlier run", Long: assignText, Example: assignExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		a, err := assign(cmd.Context(), c)
		if err == nil {
			err = printResult(cmd.OutOrStdout(), c.JSON, a, func() string { return assignmentText(c, a) })
		}
		if err != nil {
			return err
		}
		code := job.ReportLeftOut(job.ExitDone, cmd.ErrOrStderr(), a.FilesLeftOut, a.LeftOut[:min(len(a.LeftOut), job.LeftOutNamed)], c.Clusters()+"/assigned.json")
		if code != job.ExitDone {
			return status(code)
		}
		return nil
	})
}

func assign(ctx context.Context, c *config.Config) (a cluster.Assignment, err error) {
	if err := c.CompleteAssign(); err != nil {
		return a, err
	}
	files, err := outputs.Embedded(c.Layout(), c.Names)
	if err != nil {
		return a, err
	}
	if len(files) == 0 {
		return a, config.WithOrigins(config.Usagef("nothing is embedded in %s: check --root and --suffix, or run the pipeline on it first, with --cluster=false", c.Layout().Embeddings), c.From())
	}
	held, err := job.TakeLeases(c.Clusters()) // a run writes there, too
	if err != nil {
		return a, err
	}
	defer held.Release()
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	held.WhenLost(ctx, stop)
	a, err = cluster.Assign(ctx, c.Python, c.Model, c.Clusters(), held.Of(c.Clusters()).Path(), c.TextColumn, files)
	if lost := held.Held(); lost != nil {
		return a, lost
	}
	return a, err
}

// assignmentText is an assignment for readers.
func assignmentText(c *config.Config, a cluster.Assignment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "assigned  %d rows of %d files in %.1f s\n", a.Rows, a.Files, a.Seconds)
	fmt.Fprintf(&b, "noise     %.1f %%; %.1f %% of rows like those that the clusters were found with\n", 100*a.NoiseShare, 100*a.FittedNoiseShare)
	for _, k := range a.Clusters {
		fmt.Fprintf(&b, "%9d  %4.1f %%, then %4.1f %%  %s\n", k.Rows, 100*k.Share, 100*k.FittedShare, k.Name)
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "warning   %s\n", w)
	}
	fmt.Fprintf(&b, "labels    %s/assigned.parquet\n", c.Clusters())
	return b.String()
}
