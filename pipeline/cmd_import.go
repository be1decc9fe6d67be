package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/pipeline/watch"
)

const importText = `Makes chains of Reddit's dumps: NDJSON, plain or compressed with zstd, xz, bzip2 or gzip.
Name all months that belong together, comments and submissions. Each chain is a way through
a thread, from its top to a comment without replies; docs/import.md says which lines become
what. Chains appear when all of them are whole. Run it again to go on after it was stopped.

Every line of the dumps is in one count of the report, which is printed and written to
{root}/chains/{suffix}/_import.json.`

const importExamples = `  go run ./pipeline import --root=/data --suffix=2024-01 RC_2023-12.zst RC_2024-01.zst RS_2024-01.zst
  go run ./pipeline import --root=/data --suffix=science --subreddits=askscience,science R*_2024-*.zst
  go run ./pipeline run    --root=/data --suffix=2024-01`

func importCommand() *cobra.Command {
	c := config.ForImport()
	return newCommand(cobra.Command{
		Use: "import --root=DIR [flags] DUMP...", Short: "make chains of Reddit's dumps", Long: importText, Example: importExamples,
		Args: cobra.ArbitraryArgs,
	}, c, func(cmd *cobra.Command, dumps []string) error {
		plan, err := c.Complete(dumps)
		if err != nil {
			return err
		}
		done, code, err := job.Import(c, plan, &watch.Console{})
		if err != nil {
			return err
		}
		if code != job.ExitDone {
			return status(code)
		}
		return printResult(cmd.OutOrStdout(), c.JSON, done, done.Text)
	})
}
