package main

import (
	"errors"
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
)

// settings are the flags of a command with what holds, and who said so.
type settings struct {
	own   *flag.FlagSet
	all   *flag.FlagSet     // with Beam's
	bound *Config           // what the flags write into
	from  map[string]string // by flag; a flag that is not in it has its default
}

// setting is one of them, as it is shown: without secrets.
type setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// shown returns what holds, by name. Paths are as the configuration has completed them.
func (c Config) shown() []setting {
	if c.settings == nil {
		return nil
	}
	*c.settings.bound = c
	var all []setting
	c.settings.all.VisitAll(func(f *flag.Flag) {
		s := setting{Name: f.Name, Value: f.Value.String(), From: c.settings.from[f.Name]}
		switch {
		case f.Name == "runner":
			s.Value = c.Runner
		case f.Name == "redis":
			s.Value = mpsbridge.Redacted(s.Value)
		case c.settings.own.Lookup(f.Name) == nil && s.From == "":
			return // a flag of Beam's that nobody has set
		}
		if s.From == "" {
			s.From = "default"
		}
		all = append(all, s)
	})
	return all
}

// list is a flag's value that is several strings.
type list struct {
	values *[]string
	// repeated: the flag is given once for each; otherwise they are between commas.
	repeated bool
}

func (l list) String() string {
	if l.values == nil { // package flag asks a zero value for its default
		return ""
	}
	return strings.Join(*l.values, ",")
}

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
	if d.value == nil { // package flag asks a zero value for its default
		return ""
	}
	return d.value.String()
}

func (d duration) Set(s string) (err error) {
	*d.value, err = mpsbridge.ParseDuration(s)
	return err
}

// given says whether somebody has set a flag.
func (c Config) given(name string) bool { return c.settings != nil && c.settings.from[name] != "" }
