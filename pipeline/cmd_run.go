package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/pipeline/watch"
)

func runCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "run [flags]", Short: "embed and cluster what is missing", Long: rootText, Example: rootExamples,
	}, c, func(*cobra.Command, []string) error {
		if err := c.Complete(); err != nil {
			return err
		}
		return status(job.Run(c, &watch.Console{}))
	})
}
