package config

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/mpsbridge"
)

// list is a flag's value that is several strings.
type list struct {
	values *[]string
	// repeated: the flag is given once for each string; otherwise they are comma-separated.
	repeated bool
}

func (l list) String() string { return strings.Join(*l.values, ",") }

// Type is for pflag.
func (l list) Type() string { return "list" }

// Set takes an empty text for an empty list, never for a list of one empty name.
func (l list) Set(s string) error {
	switch {
	case s == "":
		*l.values = nil
	case l.repeated:
		*l.values = append(*l.values, s)
	default:
		names := strings.Split(s, ",")
		if slices.Contains(names, "") {
			return errors.New("want comma-separated names, none of them empty")
		}
		*l.values = names
	}
	return nil
}

// parsed is a flag's value that is more than its text.
type parsed[T any] struct {
	value *T
	kind  string
	parse func(text string) (T, error)
	show  func(T) string
}

func (p parsed[T]) String() string { return p.show(*p.value) }

// Type is for pflag.
func (p parsed[T]) Type() string { return p.kind }

func (p parsed[T]) Set(text string) error {
	value, err := p.parse(text)
	if err == nil {
		*p.value = value
	}
	return err
}

// duration is a flag's value that is a time, with units or in seconds.
func duration(value *time.Duration) pflag.Value {
	return parsed[time.Duration]{value, "duration", mpsbridge.ParseDuration, time.Duration.String}
}

// choiceKey is the annotation of a flag that lists the values that it takes.
const choiceKey = "threadloom_choice"

// choice adds a flag that takes one of a few values, the first of them if it is not given.
func choice(flags *pflag.FlagSet, value *string, name string, values []string, usage string) {
	flags.StringVar(value, name, values[0], usage)
	flags.Lookup(name).Annotations = map[string][]string{choiceKey: values}
}

// Choices returns the values that a flag takes if they are few, else nil.
func Choices(f *pflag.Flag) []string { return f.Annotations[choiceKey] }

// checkChoice refuses a value that the flag does not take.
func checkChoice(name, value string, values []string) error {
	if !slices.Contains(values, value) {
		return Usagef("--%s %q: want one of %s", name, value, strings.Join(values, ", "))
	}
	return nil
}
