package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/queue"
)

const queueText = `Shows the jobs for workers on other machines. Jobs that failed too often are dead:
'retry' has them tried again, 'drop' forgets them. FILEs are the inputs of some of the
dead jobs. Without FILEs, all of the dead are meant.`

const queueExamples = `  go run ./pipeline queue --redis=redis://node1:6379
  go run ./pipeline queue retry /data/chains/2026/golang/part-1.parquet`

func queueCommand() *cobra.Command {
	c := config.ForQueue()
	return newCommand(cobra.Command{
		Use: "queue [" + strings.Join(queue.Actions(), " | ") + "] [flags] [FILE...]", Short: "show, retry or drop the jobs of workers on other machines",
		Long: queueText, Example: queueExamples,
		Args: queueArguments, ValidArgs: queue.Actions(),
	}, c, func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			args = queue.Actions()[:1]
		}
		result, text, err := queue.Act(cmd.Context(), c.Redis, args[0], args[1:])
		if err != nil {
			return err
		}
		return printResult(cmd.OutOrStdout(), c.JSON, result, func() string { return text })
	})
}

func queueArguments(_ *cobra.Command, args []string) error {
	switch {
	case len(args) > 0 && !slices.Contains(queue.Actions(), args[0]):
		return config.Usagef("queue: unknown action %q%s: show, retry or drop", config.WithoutURL(args[0]), config.DidYouMean(args[0], queue.Actions()))
	case len(args) > 1 && args[0] == "show":
		return config.Usagef("queue show: unknown argument %q: only retry and drop take files", config.WithoutURL(args[1]))
	}
	return nil
}
