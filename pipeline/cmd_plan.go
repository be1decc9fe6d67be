package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/plan"
)

const planText = `Says what a run with the same flags would do: which files are done, which are to be
embedded, and how many rows, tokens and hours that is on this machine alone. It writes
nothing. It reads up to 10,000 footers. If there are more files, it estimates the rows.`

const planExamples = `  go run ./pipeline plan --root=/data --suffix=2026
  go run ./pipeline plan --root=/data --suffix=2026 --check=fingerprint --precision=bf16 --json`

func planCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "plan [flags]", Short: "say what a run would do, and how long it would take", Long: planText, Example: planExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		if err := c.CompleteAlone(); err != nil {
			return err
		}
		p, err := plan.Make(cmd.Context(), c)
		if err != nil {
			return err
		}
		return printResult(cmd.OutOrStdout(), c.JSON, p, p.Text)
	})
}
