package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

const configUsage = `Usage: go run ./pipeline config [flags]

Shows every setting that holds and where it is from: a flag, the environment, the
settings' file, or the default. Flags go before the environment, that before the file.
Passwords are masked. It checks nothing: 'doctor' does.

  go run ./pipeline config --root=/data
  THREADLOOM_PRECISION=bf16 go run ./pipeline config --json

Flags (a run's):
`

// configCommand runs 'pipeline config' and returns the exit code.
func configCommand(args []string, out, errs io.Writer) int {
	c, err := parseFlags(configUsage, args, out)
	if err != nil {
		return failed(err, errs)
	}
	_ = c.fill() // what it cannot fill in is shown as it is
	shown := c.shown()
	unknown := unknownVariables(c.settings.all, os.Environ())
	if c.JSON {
		err = json.NewEncoder(out).Encode(struct {
			Settings []setting `json:"settings"`
			Unknown  []string  `json:"unknown_variables"`
		}{shown, append([]string{}, unknown...)})
	} else {
		_, err = io.WriteString(out, settingsText(shown, unknown))
	}
	return failed(err, errs)
}

// settingsText lists settings for readers.
func settingsText(shown []setting, unknown []string) string {
	var b strings.Builder
	name, value := 0, 0
	for _, s := range shown {
		name, value = max(name, len(s.Name)), min(60, max(value, len([]rune(s.Value))))
	}
	for _, s := range shown {
		fmt.Fprintf(&b, "%-*s  %-*s  %s\n", name, s.Name, value, oneLine(s.Value), s.From)
	}
	for _, u := range unknown {
		fmt.Fprintf(&b, "%s is in the environment and is no setting\n", u)
	}
	return b.String()
}
