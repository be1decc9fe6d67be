package main

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
)

const (
	variablePrefix = "THREADLOOM_"
	// defaultFile is the settings' file in the root, read if it is there.
	defaultFile = "threadloom.toml"
	// fromVariable is where a setting is from that is in the environment.
	fromVariable = "environment"
)

// underFlagsText ends the --help of the commands that take a run's flags.
const underFlagsText = `
A flag that is not given may be in the environment (THREADLOOM_ROOT for --root, and so on), or
in {root}/threadloom.toml or the file that --config names (a line root = "/data" for --root).
'go run ./pipeline config' shows what holds.
`

// variableOf returns the environment variable of a flag.
func variableOf(name string) string { return variablePrefix + strings.ToUpper(name) }

// others says what the environment and the settings' file hold beside a command's own flags.
type others struct {
	known *flag.FlagSet // flags of other commands; nil: the command has all of them
	apart []string      // flags of the command that mean something else there
}

// underFlags sets the flags that the command line has not set: from the environment, or
// else from the settings' file. It returns where each flag that is set is from.
func underFlags(flags *flag.FlagSet, env func(string) (string, bool), o others) (map[string]string, error) {
	from, err := fromEnvironment(flags, env, o)
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
	return from, fromFile(flags, file, from, o)
}

// fromEnvironment sets the flags that are not set, and returns where each that is set is
// from. A variable that is empty counts for nothing.
func fromEnvironment(flags *flag.FlagSet, env func(string) (string, bool), o others) (map[string]string, error) {
	from := map[string]string{}
	flags.Visit(func(f *flag.Flag) { from[f.Name] = "flag" })
	var err error
	flags.VisitAll(func(f *flag.Flag) {
		value, _ := env(variableOf(f.Name))
		if value == "" || from[f.Name] != "" || err != nil || slices.Contains(o.apart, f.Name) {
			return
		}
		if e := f.Value.Set(value); e != nil {
			err = usagef("%s=%q: %w", variableOf(f.Name), value, e)
		}
		from[f.Name] = fromVariable
	})
	return from, err
}

// fromFile sets the flags that are not set from a file in TOML, and notes them in from.
func fromFile(flags *flag.FlagSet, path string, from map[string]string, o others) error {
	var values map[string]any
	if _, err := toml.DecodeFile(path, &values); err != nil {
		var wrong toml.ParseError
		if errors.As(err, &wrong) {
			said, _, found := strings.Cut(wrong.Message, " but found ") // which quotes the value, perhaps a password
			if found {
				said += " (a text is in quotes)"
			}
			return usagef("%s, line %d: %s", path, wrong.Position.Line, said)
		}
		return usagef("reading the settings: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := flags.Lookup(name)
		if f == nil && o.known != nil && o.known.Lookup(name) != nil || slices.Contains(o.apart, name) {
			continue // another command's
		}
		if f == nil || name == "config" {
			return usagef("%s: there is no setting %q%s: they have the names of the flags (--help)", path, name, didYouMean(name, flagNames(flags, o.known)))
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
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}, nil
	case []any:
		l, isList := of.(list)
		if !isList {
			return nil, errors.New("one value is wanted, not several")
		}
		var texts []string
		for _, x := range v {
			text, isText := x.(string)
			if !isText || text == "" || !l.repeated && strings.Contains(text, ",") {
				return nil, errors.New("want an array of strings without commas, and none of them empty")
			}
			texts = append(texts, text)
		}
		if !l.repeated {
			texts = []string{strings.Join(texts, ",")}
		}
		return texts, nil
	}
	return nil, errors.New("want a string, a number, true or false, or an array of strings") // the value may hold a password
}
