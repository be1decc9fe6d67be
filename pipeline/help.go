package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/threadloom/threadloom/pipeline/config"
)

// helpWidth is where the lines of --help are broken.
const helpWidth = 110

const sourcesText = `
A flag that is not given may be in the environment (THREADLOOM_ROOT for --root, and so on), or
in {root}/threadloom.toml or the file that --config names (a line root = "/data" for --root).
'go run ./pipeline config' shows what holds.
`

// helpText is the --help of a command.
func helpText(cmd *cobra.Command) string {
	var b strings.Builder
	use := cmd.Use
	if !cmd.HasParent() {
		use = "[COMMAND] [flags]"
	}
	fmt.Fprintf(&b, "Usage: go run ./pipeline %s\n\n%s\n\n%s\n", use, cmd.Long, cmd.Example)
	if cmd.HasSubCommands() {
		b.WriteString("\nCommands; each has --help, which lists its flags:\n\n")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(&b, "  %-10s  %s\n", c.Name(), c.Short)
			}
		}
	}
	groups := config.GroupsOf(cmd.Flags())
	for _, group := range groups {
		fmt.Fprintf(&b, "\n%s:\n%s", group.Name(), group.FlagUsagesWrapped(helpWidth))
	}
	if len(groups) > 0 {
		b.WriteString(sourcesText)
	}
	return b.String()
}
