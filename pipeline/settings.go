package main

import (
	"flag"
	"net/url"
	"strings"
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
			s.Value = withoutPassword(s.Value)
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

// withoutPassword returns a URL whose password is masked; what is no URL is masked whole.
func withoutPassword(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "(not a URL)"
	}
	return u.Redacted()
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

func (l list) Set(s string) error {
	if l.repeated {
		*l.values = append(*l.values, s)
	} else {
		*l.values = strings.Split(s, ",")
	}
	return nil
}

// given says whether somebody has set a flag.
func (c Config) given(name string) bool { return c.settings != nil && c.settings.from[name] != "" }
