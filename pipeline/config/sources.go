package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/pflag"
)

const (
	variablePrefix = "THREADLOOM_"
	// defaultFile is the settings' file in the root, read if it is there.
	defaultFile = "threadloom.toml"
	// fromVariable is the origin of a setting that is in the environment.
	fromVariable = "environment"
)

// variableOf returns the environment variable of a flag.
func variableOf(name string) string { return variablePrefix + strings.ToUpper(name) }

// Read sets the flags that the command line has not set: from the environment (NAME=VALUE), or else
// from the settings' file. It notes where each flag that is set is from.
func (s *Settings) Read(environ func() []string) error {
	s.from = map[string]string{}
	s.flags.VisitAll(func(f *pflag.Flag) {
		if f.Changed {
			s.from[f.Name] = "flag"
		}
	})
	if err := s.readEnvironment(environ); err != nil {
		return err
	}
	path := s.flags.Lookup("config").Value.String()
	if root := s.flags.Lookup("root").Value.String(); path == "" && root != "" {
		path = filepath.Join(root, defaultFile)
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return nil
		}
	}
	if path == "" {
		return nil
	}
	return s.readFile(path)
}

// readEnvironment sets flags from variables. An empty variable does not count.
func (s *Settings) readEnvironment(environ func() []string) error {
	values := koanf.New(".")
	err := values.Load(env.Provider(".", env.Opt{EnvironFunc: environ, Prefix: variablePrefix, TransformFunc: func(variable, value string) (string, any) {
		name := strings.ToLower(strings.TrimPrefix(variable, variablePrefix))
		if value == "" || variable != variableOf(name) || slices.Contains(s.apart, name) || s.flags.Lookup(name) == nil {
			return "", nil
		}
		return name, value
	}}), nil)
	if err != nil {
		return fmt.Errorf("reading the environment: %w", err)
	}
	for _, name := range values.Keys() {
		if err := s.set(name, []string{values.String(name)}, fromVariable); err != nil {
			return Usagef("%s=%q: %w", variableOf(name), values.String(name), err)
		}
	}
	return nil
}

// readFile sets flags from a file in TOML.
func (s *Settings) readFile(path string) error {
	read := koanf.New(".")
	if err := read.Load(file.Provider(path), tomlText{}); err != nil {
		if wrong, ok := errors.AsType[toml.ParseError](err); ok {
			said, _, found := strings.Cut(wrong.Message, " but found ") // which quotes the value, perhaps a password
			if found {
				said += " (put text in quotes)"
			}
			return Usagef("%s, line %d: %s", path, wrong.Position.Line, said)
		}
		return Usagef("reading the settings: %w", err)
	}
	values, every := read.Raw(), everySetting()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		f := s.flags.Lookup(name)
		if f == nil && every.Lookup(name) != nil || slices.Contains(s.apart, name) {
			continue // another command's
		}
		if f == nil || name == "config" {
			return Usagef("%s: there is no setting %q%s: settings have the names of the flags (--help)", path, name, DidYouMean(name, flagNames(every)))
		}
		texts, err := settingTexts(f.Value, values[name])
		if err != nil {
			return Usagef("%s: %s: %w", path, name, err)
		}
		if err := s.set(name, texts, path); err != nil {
			return Usagef("%s: %s = %q: %w", path, name, strings.Join(texts, ","), err)
		}
	}
	return nil
}

// set sets a flag to one or several values, unless a source that overrides this one has set it.
func (s *Settings) set(name string, texts []string, from string) error {
	if s.from[name] != "" {
		return nil
	}
	for _, text := range texts {
		if err := s.flags.Lookup(name).Value.Set(text); err != nil {
			return PlainError(err)
		}
	}
	s.from[name] = from
	return nil
}

// tomlText parses TOML for koanf. koanf's own parser uses a library whose errors quote values,
// which may be passwords.
type tomlText struct{}

func (tomlText) Unmarshal(text []byte) (map[string]any, error) {
	var values map[string]any
	return values, toml.Unmarshal(text, &values)
}

func (tomlText) Marshal(map[string]any) ([]byte, error) { return nil, errors.ErrUnsupported }

// settingTexts returns the texts that a flag is set to, one after the other, for a value in TOML.
func settingTexts(of pflag.Value, value any) ([]string, error) {
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
			return nil, errors.New("want one value, not several")
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
