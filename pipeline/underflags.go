package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/threadloom/threadloom/mpsbridge"
)

const (
	variablePrefix = "THREADLOOM_"
	// defaultFile is the settings' file in the root, read if it is there.
	defaultFile = "threadloom.toml"
)

// underFlagsText ends the --help of the commands that take a run's flags.
const underFlagsText = `
A flag that is not given may be in the environment (THREADLOOM_ROOT for --root, and so on), or
in {root}/threadloom.toml or the file that --config names (a line root = "/data" for --root).
'go run ./pipeline config' shows what holds.
`

// otherVariables begin like those of flags and are none.
var otherVariables = []string{mpsbridge.PasswordVariable, mpsbridge.PasswordFileVariable}

// variableOf returns the environment variable of a flag.
func variableOf(name string) string { return variablePrefix + strings.ToUpper(name) }

// underFlags sets the flags that the command line has not set: from the environment, or
// else from the settings' file. It returns where each flag that is set is from.
func underFlags(flags *flag.FlagSet, env func(string) (string, bool)) (map[string]string, error) {
	from, err := fromEnvironment(flags, env)
	if err != nil {
		return nil, err
	}
	file := flags.Lookup("config").Value.String()
	if root := flags.Lookup("root").Value.String(); file == "" && root != "" {
		file = filepath.Join(root, defaultFile)
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			return from, nil
		}
	}
	if file == "" {
		return from, nil
	}
	return from, fromFile(flags, file, from)
}

// fromEnvironment sets the flags that are not set, and returns where each that is set is
// from. A variable that is empty counts for nothing.
func fromEnvironment(flags *flag.FlagSet, env func(string) (string, bool)) (map[string]string, error) {
	from := map[string]string{}
	flags.Visit(func(f *flag.Flag) { from[f.Name] = "flag" })
	var err error
	flags.VisitAll(func(f *flag.Flag) {
		value, _ := env(variableOf(f.Name))
		if value == "" || from[f.Name] != "" || err != nil {
			return
		}
		if e := f.Value.Set(value); e != nil {
			err = usagef("%s=%q: %w", variableOf(f.Name), value, e)
		}
		from[f.Name] = "environment"
	})
	return from, err
}

// fromFile sets the flags that are not set from a file in TOML, and notes them in from.
func fromFile(flags *flag.FlagSet, path string, from map[string]string) error {
	var values map[string]any
	if _, err := toml.DecodeFile(path, &values); err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			return usagef("%s, line %d: %s", path, wrong.Position.Line, wrong.Message)
		}
		return usagef("reading the settings: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := flags.Lookup(name)
		if f == nil || name == "config" {
			return usagef("%s: there is no setting %q: they have the names of the flags (--help)", path, name)
		}
		texts, err := settingTexts(f.Value, values[name])
		if err != nil {
			return usagef("%s: %s: %w", path, name, err)
		}
		if from[name] != "" {
			continue
		}
		for _, text := range texts {
			if err := f.Value.Set(text); err != nil {
				return usagef("%s: %s = %q: %w", path, name, text, err)
			}
		}
		from[name] = path
	}
	return nil
}

// settingTexts returns what a flag is set to, one after another, for a value in TOML.
func settingTexts(of flag.Value, value any) ([]string, error) {
	switch v := value.(type) {
	case string:
		return []string{v}, nil
	case bool:
		return []string{strconv.FormatBool(v)}, nil
	case int64:
		return []string{strconv.FormatInt(v, 10)}, nil
	case float64:
		return []string{strconv.FormatFloat(v, 'g', -1, 64)}, nil
	case []any:
		l, isList := of.(list)
		if !isList {
			return nil, errors.New("one value is wanted, not several")
		}
		var texts []string
		for _, x := range v {
			text, isText := x.(string)
			if !isText || !l.repeated && strings.Contains(text, ",") {
				return nil, fmt.Errorf("want an array of strings without commas, not %v", x)
			}
			texts = append(texts, text)
		}
		if !l.repeated {
			texts = []string{strings.Join(texts, ",")}
		}
		return texts, nil
	}
	return nil, fmt.Errorf("want a string, a number, true or false, or an array of strings, not %v", value)
}

// unknownVariables returns those of an environment (NAME=VALUE) that look like settings
// and are none.
func unknownVariables(flags *flag.FlagSet, environment []string) []string {
	var unknown []string
	for _, line := range environment {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(otherVariables, name) {
			continue
		}
		if f := strings.ToLower(strings.TrimPrefix(name, variablePrefix)); flags.Lookup(f) == nil || variableOf(f) != name {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}
