package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/job"
)

const rootText = `Embeds the reply chains of a list of subreddits and clusters them. Files whose
embeddings exist are skipped, so run it again to finish what a stopped run left.
Without a command it runs.`

const rootExamples = `  go run ./pipeline --runner=prism                              the bundled sample
  go run ./pipeline --runner=prism --root=/data --suffix=2026   chains in /data/chains/2026/
  go run ./pipeline --runner=flink --flink_master=node1:8081 --root=/data --suffix=2026`

// status is the exit code of a command that has already said why it ends. It may be ExitDone.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// execute runs the command that the arguments ask for and returns the exit code.
func execute(args []string, out, errs io.Writer) int {
	root := newRoot()
	root.SetOut(out)
	root.SetErr(errs)
	root.SetArgs(arguments(root, args))
	return failed(root.Execute(), errs)
}

func newRoot() *cobra.Command {
	cobra.EnableCommandSorting = false // what is used most comes first
	root := &cobra.Command{
		Use: "pipeline", Short: "embed and cluster chains", Long: rootText, Example: rootExamples,
		SilenceErrors: true, SilenceUsage: true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}, // ours takes the program's name
		Args: func(cmd *cobra.Command, args []string) error {
			return config.Usagef("unknown argument %q%s (--help lists the commands)", config.WithoutURL(args[0]), config.DidYouMean(args[0], commandNames(cmd)))
		},
		RunE: func(*cobra.Command, []string) error { return nil }, // cobra calls this for no command line: one without a command is 'run'
	}
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { fmt.Fprint(cmd.OutOrStdout(), helpText(cmd)) })
	root.SetHelpCommand(&cobra.Command{Hidden: true}) // --help is enough
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(runCommand(), importCommand(), planCommand(), verifyCommand(), assignCommand(), searchCommand(), exploreCommand(), doctorCommand(), configCommand(), queueCommand(), completionCommand())
	return root
}

func commandNames(root *cobra.Command) []string {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return names
}

// settings are those of a command.
type settings interface {
	AddFlagsTo(flags *pflag.FlagSet)
	Read(environ func() []string) error
	From() map[string]string
}

// newCommand returns a command with the flags of s. act is called when they and what is under
// them are read. An error about a setting says where the setting was set.
func newCommand(about cobra.Command, s settings, act func(cmd *cobra.Command, args []string) error) *cobra.Command {
	cmd := &about
	s.AddFlagsTo(cmd.Flags())
	completeFlags(cmd)
	if cmd.Args == nil {
		cmd.Args = noArguments
	}
	cmd.PreRun = func(cmd *cobra.Command, _ []string) {
		if cmd.Name() != "config" { // lists them in its result
			config.WarnUnknown(cmd.ErrOrStderr(), os.Environ())
		}
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		err := s.Read(os.Environ)
		if err == nil {
			err = act(cmd, args)
		}
		return config.WithOrigins(err, s.From())
	}
	return cmd
}

// noArguments is for commands that take none. cobra's own would repeat a URL with its password.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return config.Usagef("unknown argument %q (--help lists the flags)", config.WithoutURL(args[0]))
	}
	return nil
}

// arguments returns a command line as cobra takes it. If it names no command, 'run' is meant.
// Flags with one dash, which Go's flag package takes, get a second one.
func arguments(root *cobra.Command, args []string) []string {
	args = slices.Clone(args)
	first := 0
	if len(args) > 0 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		first = 1
	}
	help := []string{"-h", "-help", "--help"}
	if len(args) == 0 || first < len(args) && strings.HasPrefix(args[first], "-") && !slices.Contains(help, args[first]) {
		args = slices.Insert(args, first, "run")
	}
	if first == len(args) {
		return args
	}
	cmd, _, err := root.Find(args[first:])
	if err != nil {
		return args
	}
	twoDashes(cmd.Flags(), args[first:])
	return args
}

// twoDashes adds the second dash to flags that have one.
func twoDashes(flags *pflag.FlagSet, args []string) {
	for i := 0; i < len(args) && args[i] != "--"; i++ {
		name, _, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		switch {
		case !strings.HasPrefix(args[i], "-"):
			continue
		case !strings.HasPrefix(args[i], "--") && len(name) > 1:
			args[i] = "-" + args[i]
		}
		if f := flags.Lookup(name); f != nil && f.NoOptDefVal == "" && !hasValue {
			i++ // its value, which may begin with a dash
		}
	}
}

// flagError says in one line what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error {
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		return config.Usagef("unknown flag --%s (--help lists the flags)%s", unknown.GetSpecifiedName(), config.DidYouMean("--"+unknown.GetSpecifiedName(), names))
	}
	if wrong, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return config.Usagef("--%s %q: %w (--help lists the flags)", wrong.GetFlag().Name, wrong.GetValue(), config.PlainError(wrong.Unwrap()))
	}
	return config.Usagef("%w (--help lists the flags)", err)
}

// printResult prints the result of a command, as JSON or for readers.
func printResult(out io.Writer, asJSON bool, result any, text func() string) error {
	if asJSON {
		return json.NewEncoder(out).Encode(result)
	}
	_, err := io.WriteString(out, text())
	return err
}

// failed says in one line why a command ends, and returns the exit code.
func failed(err error, errs io.Writer) int {
	if err == nil {
		return job.ExitDone
	}
	if code, ok := errors.AsType[status](err); ok {
		return int(code)
	}
	fmt.Fprintln(errs, "error:", err)
	return job.ExitCode(err)
}
