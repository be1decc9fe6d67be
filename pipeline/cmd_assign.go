package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
)

const assignText = `Puts embedded chains, such as the next month's, into the clusters of an earlier run:
nothing is fitted, and labels and names stay. Files with vectors of another model or
precision are left out, with exit code 3. It says how much more is noise than when the
clusters were found. If that grows, cluster again, or give --grow: then chains that fit
no cluster make new ones, and old ones keep their numbers and names. It writes assigned.parquet and
assigned.json into the clusters' folder. If a run is at work there, it ends with exit
code 4.`

const assignExamples = `  go run ./pipeline --root=/data --suffix=2026-12 --cluster=false
  go run ./pipeline assign --root=/data --suffix=2026-12 --model=/data/clusters/2026-11/model
  go run ./pipeline assign --root=/data --suffix=2027-01 --model=/data/clusters/2026-12/grown --grow`

func assignCommand() *cobra.Command {
	c := config.ForAssign()
	return newCommand(cobra.Command{
		Use: "assign --model=DIR [flags]", Short: "put new chains into the clusters of an earlier run", Long: assignText, Example: assignExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		if err := c.Complete(); err != nil {
			return err
		}
		a, err := job.Assign(cmd.Context(), c)
		if err != nil {
			return err
		}
		if err := printResult(cmd.OutOrStdout(), c.JSON, a, a.Text); err != nil {
			return err
		}
		return status(a.ReportLeftOut(cmd.ErrOrStderr()))
	})
}
