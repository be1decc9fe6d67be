package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
)

const configText = `Shows every setting that holds and where it is from: a flag, the environment, the
settings' file, or the default. Flags go before the environment, that before the file.
Passwords are masked. It checks nothing: 'doctor' does.`

const configExamples = `  go run ./pipeline config --root=/data
  THREADLOOM_PRECISION=bf16 go run ./pipeline config --json`

func configCommand() *cobra.Command {
	c := config.ForRun()
	return newCommand(cobra.Command{
		Use: "config [flags]", Short: "show the settings that hold, and where they are from", Long: configText, Example: configExamples,
	}, c, func(cmd *cobra.Command, _ []string) error {
		_ = c.Fill() // what it cannot fill in is shown as it is
		shown := struct {
			Settings []config.Setting `json:"settings"`
			Unknown  []string         `json:"unknown_variables"`
		}{c.Shown(), append([]string{}, config.UnknownVariables(os.Environ())...)}
		return printResult(cmd.OutOrStdout(), c.JSON, shown, func() string { return settingsText(shown.Settings, shown.Unknown) })
	})
}

// settingsText lists settings for readers.
func settingsText(shown []config.Setting, unknown []string) string {
	var b strings.Builder
	name, value := 0, 0
	for _, s := range shown {
		name, value = max(name, len(s.Name)), min(60, max(value, len([]rune(s.Value))))
	}
	for _, s := range shown {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", name, s.Name, value, config.OneLine(s.Value), s.From)
	}
	for _, u := range unknown {
		fmt.Fprintf(&b, "%s is in the environment but is not a setting\n", u)
	}
	return b.String()
}
