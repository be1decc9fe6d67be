package config

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/mpsbridge"
)

// settings are the flags of a command, and who has set them.
type settings struct {
	flags *pflag.FlagSet
	beams *flag.FlagSet     // of these flags, Beam's; nil: there are none
	known *pflag.FlagSet    // of other commands; nil: the command has all of them
	apart []string          // flags that mean something else in the environment and in the file
	from  map[string]string // by flag; a flag that is not in it has its default
}

// AddFlagsTo adds the flags of a configuration to those of a command.
func (c *Config) AddFlagsTo(flags *pflag.FlagSet) {
	s := c.settings
	flags.AddFlagSet(s.flags)
	if s.beams != nil {
		flags.AddGoFlagSet(s.beams) // Beam asks whether its flags were parsed
	}
}

// Setting is one of them, as it is shown: without secrets.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// Shown returns what holds, by name. Paths are as the configuration has completed them.
func (c *Config) Shown() []Setting {
	if c.settings == nil {
		return nil
	}
	var all []Setting
	c.settings.flags.VisitAll(func(f *pflag.Flag) {
		s := Setting{Name: f.Name, Value: f.Value.String(), From: c.settings.from[f.Name]}
		switch {
		case f.Name == "runner":
			s.Value = c.Runner
		case f.Name == "redis":
			s.Value = mpsbridge.Redacted(s.Value)
		case !isOwn(f) && s.From == "":
			return // a flag of Beam's that nobody has set
		}
		if s.From == "" {
			s.From = "default"
		}
		all = append(all, s)
	})
	slices.SortFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// list is a flag's value that is several strings.
type list struct {
	values *[]string
	// repeated: the flag is given once for each; otherwise they are between commas.
	repeated bool
}

func (l list) String() string {
	if l.values == nil { // pflag asks a zero value for its default
		return ""
	}
	return strings.Join(*l.values, ",")
}

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
			return errors.New("want names between commas, and none of them empty")
		}
		*l.values = names
	}
	return nil
}

// duration is a flag's value that is a time, with units or in seconds.
type duration struct{ value *time.Duration }

func (d duration) String() string {
	if d.value == nil { // pflag asks a zero value for its default
		return ""
	}
	return d.value.String()
}

// Type is for pflag.
func (d duration) Type() string { return "duration" }

func (d duration) Set(s string) (err error) {
	*d.value, err = mpsbridge.ParseDuration(s)
	return err
}

// Given says whether somebody has set a flag.
func (c *Config) Given(name string) bool { return c.settings != nil && c.settings.from[name] != "" }

// OneLine returns a text without its line breaks.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
