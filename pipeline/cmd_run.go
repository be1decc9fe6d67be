package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
	"github.com/threadloom/threadloom/pipeline/watch"
)

func runCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "run [flags]", Short: "embed and cluster what is missing", Long: rootText, Example: rootExamples,
	}, c.Settings, func(*cobra.Command, []string) error {
		err := c.Read(os.Environ)
		if err == nil {
			err = c.Complete()
		}
		if err != nil {
			return err
		}
		if code := job.Run(c, &watch.Console{}); code != job.ExitDone {
			return status(code)
		}
		return nil
	})
}
