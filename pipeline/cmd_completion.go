package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/pipeline/config"
)

const completionText = `Prints what a shell needs to complete commands, flags and their values for the program
NAME (default: pipeline).`

const completionExamples = `  go build -o ~/bin/threadloom ./pipeline
  threadloom completion bash threadloom > ~/.local/share/bash-completion/completions/threadloom
  threadloom completion zsh threadloom > ~/.zfunc/_threadloom        (with ~/.zfunc in fpath, before compinit)
  threadloom completion fish threadloom > ~/.config/fish/completions/threadloom.fish`

func shells() []string { return []string{"bash", "fish", "zsh"} }

func errShell() error {
	return config.Usagef("completion: want one of %s, and perhaps the program's name", strings.Join(shells(), ", "))
}

func completionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "completion " + strings.Join(shells(), "|") + " [NAME]", Short: "print what a shell needs to complete commands, flags and values",
		Long: completionText, Example: completionExamples,
		ValidArgs: shells(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 || len(args) > 2 {
				return errShell()
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root, out := cmd.Root(), cmd.OutOrStdout()
			if len(args) == 2 {
				if strings.Trim(args[1], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") != "" {
					return config.Usagef("completion: %q is no name of a program", args[1])
				}
				root.Use = args[1]
			}
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(out, true)
			case "zsh":
				return root.GenZshCompletion(out)
			case "fish":
				return root.GenFishCompletion(out, true)
			}
			return errShell()
		},
	}
}

// completeFlags says how the values of a command's flags are completed.
func completeFlags(cmd *cobra.Command) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		complete := cobra.NoFileCompletions
		switch kind, _ := pflag.UnquoteUsage(f); {
		case config.Choices(f) != nil:
			complete = cobra.FixedCompletions(config.Choices(f), cobra.ShellCompDirectiveNoFileComp)
		case kind == "folder":
			complete = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
		case kind == "file", kind == "jar", kind == "library", kind == "path", kind == "interpreter":
			complete = cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault)
		}
		_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // the flag is there, and once
	})
}
