package main

import (
	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/doctor"
	"github.com/threadloom/threadloom/pipeline/job"
)

const doctorText = `Looks for what a run with the same flags needs on this machine: model, libraries, CPU,
folders, disk and Python, and Redis and Flink if flags name them. It embeds one text and
says which execution provider really ran. A line that is not ok says what to do.

Exit codes: 0 a run can be expected to work, 1 it cannot.`

const doctorExamples = `  go run ./pipeline doctor
  go run ./pipeline doctor --root=/data --suffix=2026 --redis=redis://node1:6379 --flink_master=node1:8081`

func doctorCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "doctor [flags]", Short: "look for what a run needs on this machine, and say what to do", Long: doctorText, Example: doctorExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		findings := doctor.Examine(cmd.Context(), c)
		if err := printResult(cmd.OutOrStdout(), c.JSON, findings, func() string { return doctor.Text(findings) }); err != nil {
			return err
		}
		if doctor.Failed(findings) {
			return status(job.ExitFailed)
		}
		return nil
	})
}
