package main

import (
	"os"

	"github.com/spf13/cobra"
)

func runCommand() *cobra.Command {
	c := forRun()
	return newCommand(cobra.Command{
		Use: "run [flags]", Short: "embed and cluster what is missing", Long: rootText, Example: rootExamples,
	}, c, func(*cobra.Command, []string) error {
		err := c.read(os.Environ)
		if err == nil {
			err = c.complete()
		}
		if err != nil {
			return err
		}
		if code := run(c); code != exitDone {
			return status(code)
		}
		return nil
	})
}
