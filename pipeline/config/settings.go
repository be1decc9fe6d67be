package config

import (
	"flag"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/mpsbridge"
)

// Settings are the flags of one command, and who has set them.
type Settings struct {
	JSON bool // the result is printed as JSON

	flags *pflag.FlagSet
	beams *flag.FlagSet     // of these flags, Beam's; nil: there are none
	apart []string          // flags that mean something else in the environment and in the file
	from  map[string]string // by flag; a flag that is not in it has its default
}

// newSettings returns the settings of a command that has the flags of some groups, in this order.
// --config and --json, which every command has, end the first group.
func newSettings(groups ...group) *Settings {
	s := &Settings{flags: newFlags()}
	groups[0].parts = append(groups[0].parts, s.ownFlags)
	for _, g := range groups {
		g.addTo(s.flags)
	}
	return s
}

func (s *Settings) ownFlags(flags *pflag.FlagSet) {
	flags.String("config", "", "`file` with settings in TOML, one for each flag (default {root}/threadloom.toml, if there is one)")
	flags.BoolVar(&s.JSON, "json", false, "print the result as JSON on standard output")
}

// everySetting returns the flags of all commands, with Beam's. If two commands have a flag with the
// same name, the first command's counts.
func everySetting() *pflag.FlagSet {
	all := newFlags()
	for _, s := range []*Settings{ForRun().Settings, ForAssign().Settings, ForQueue().Settings, ForImport().Settings, ForSearch().Settings, ForExplore().Settings} {
		all.AddFlagSet(s.flags)
	}
	return all
}

// AddFlagsTo adds the flags to those of a command.
func (s *Settings) AddFlagsTo(flags *pflag.FlagSet) {
	flags.AddFlagSet(s.flags)
	if s.beams != nil {
		flags.AddGoFlagSet(s.beams) // Beam asks whether its flags were parsed
	}
}

// From says, by flag, where the settings that are not their defaults were set.
func (s *Settings) From() map[string]string { return s.from }

// given reports whether somebody has set a flag.
func (s *Settings) given(name string) bool { return s.From()[name] != "" }

// Setting is one setting, for users to read: without secrets.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	From  string `json:"from"`
}

// Shown returns the settings that are in effect, sorted by name. Paths are complete.
func (s *Settings) Shown() []Setting {
	var all []Setting
	s.flags.VisitAll(func(f *pflag.Flag) {
		shown := Setting{Name: f.Name, Value: f.Value.String(), From: s.from[f.Name]}
		switch {
		case f.Name == "redis":
			shown.Value = mpsbridge.Redacted(shown.Value)
		case f.Name == "name_url":
			shown.Value = shownURL(shown.Value)
		case !isOwn(f) && shown.From == "":
			return // a flag of Beam's that nobody has set
		}
		if shown.From == "" {
			shown.From = "default"
		}
		all = append(all, shown)
	})
	slices.SortFunc(all, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	return all
}
