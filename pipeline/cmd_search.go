package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/pipeline/search"
)

const searchText = `Finds the chains whose meaning is nearest to a question, among all that are embedded:
it embeds the words with the model of the vectors, and compares them with every chain.
It keeps the vectors in {root}/clusters/{suffix}/search.vectors, and each search first
reads what is new. It works with and without clusters.

The score is the cosine: 1 is the same, about 0 has nothing in common. Outputs that cannot
be searched, such as those of another model, are named, with exit code 3.`

const searchExamples = `  go run ./pipeline search --root=/data --suffix=2026 "bearings that squeal when wet"
  go run ./pipeline search --root=/data --suffix=2026 --like=22569_c2715 --since=2026-03 --subreddit=bicycling
  go run ./pipeline search --root=/data --suffix=2026 --questions=questions.txt --k=3 --json`

func searchCommand() *cobra.Command {
	c := config.ForSearch()
	return newCommand(cobra.Command{
		Use: "search [flags] WORDS...", Short: "find the chains that are nearest to a question", Long: searchText, Example: searchExamples,
		Args: cobra.ArbitraryArgs,
	}, c, func(cmd *cobra.Command, words []string) error {
		if err := c.Complete(words); err != nil {
			return err
		}
		r, err := search.Run(cmd.Context(), c)
		if err != nil {
			return err
		}
		if err := printResult(cmd.OutOrStdout(), c.JSON, r, r.Text); err != nil {
			return err
		}
		if line := r.LeftOutLine(); line != "" {
			cmd.PrintErrln(line)
			return status(job.ExitDeadLetters)
		}
		return nil
	})
}
