package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/explore"
)

const exploreText = `Shows the clusters of a run in the browser: a map whose names become finer as one zooms
in, the chains with their texts, charts that filter each other, a search in the texts, and
the nearest chains of a chain. Only this machine can open the page, and nothing leaves it.
More than 300,000 chains are shown as an even sample of that many. --export writes the
page into a folder, for any web server.`

const exploreExamples = `  go run ./pipeline explore                                  the bundled sample, after 'make run'
  go run ./pipeline explore --root=/data --suffix=2026
  go run ./pipeline explore --root=/data --suffix=2026 --export=/var/www/2026`

func exploreCommand() *cobra.Command {
	c := config.ForExplore()
	return newCommand(cobra.Command{
		Use: "explore [flags]", Short: "look at the clusters in the browser", Long: exploreText, Example: exploreExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		if err := c.Complete(); err != nil {
			return err
		}
		return explore.Run(cmd.Context(), c, cmd.OutOrStdout(), cmd.ErrOrStderr())
	})
}
