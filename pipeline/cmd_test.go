package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestEveryCommandButConfigWarns(t *testing.T) {
	t.Setenv("THREADLOOM_SUFIX", "x")
	for _, c := range newRoot().Commands() {
		root := newRoot()
		cmd, _, err := root.Find([]string{c.Name()})
		if err != nil {
			t.Fatal(err)
		}
		cmd.RunE, cmd.Args = func(*cobra.Command, []string) error { return nil }, nil
		var errs bytes.Buffer
		root.SetErr(&errs)
		root.SetOut(io.Discard)
		root.SetArgs([]string{c.Name()})
		if err := root.Execute(); err != nil {
			t.Fatal(err)
		}
		if want := c.Flags().HasFlags() && c.Name() != "config"; strings.Contains(errs.String(), "THREADLOOM_SUFIX") != want {
			t.Errorf("%s warns: %q", c.Name(), errs.String())
		}
		errs.Reset()
		if execute([]string{c.Name(), "--help"}, io.Discard, &errs); errs.Len() > 0 {
			t.Errorf("%s --help warns: %q", c.Name(), errs.String())
		}
	}
}
