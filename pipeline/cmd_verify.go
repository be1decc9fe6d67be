package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/pipeline/verify"
)

const verifyText = `Reads every output beside its input, with another Parquet library than the run: rows,
kept columns, the vectors' dimension, numbers and length, the fingerprint and the hashes
in it of the texts and of the vectors. One row in each of up to 1,000 files is embedded
again and compared. Give the flags of the run that made them. It writes nothing.

Exit codes: 0 all outputs are right, 3 some are wrong or could not be audited. 'run
--check=fingerprint' embeds those again whose footer or fingerprint is wrong. Delete the
other wrong ones, and the next run embeds them.`

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
		verdict, err := verify.Run(cmd.Context(), c)
		if err != nil {
			return err
		}
		if err := printResult(cmd.OutOrStdout(), c.JSON, verdict, func() string { return verify.Text(verdict) }); err != nil {
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
