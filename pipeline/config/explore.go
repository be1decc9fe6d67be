package config

import (
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"
)

// Explore is what 'explore' does.
type Explore struct {
	*Settings
	Files  Files
	Group  string // ByAll, or the subreddit whose clusters are shown
	Port   uint16 // 0: a free one
	Open   bool   // in the browser
	Export string // folder that is written instead of serving the page; empty: none
	Python string // interpreter
}

// ForExplore returns the settings of 'explore'.
func ForExplore() *Explore {
	e := &Explore{}
	e.Settings = newSettings(
		in(groupFiles, e.Files.addFlags, func(flags *pflag.FlagSet) {
			flags.StringVar(&e.Export, "export", "", "`folder` to write the page to, for any web server; nothing is served")
		}),
		in(groupClusters, func(flags *pflag.FlagSet) {
			flags.StringVar(&e.Group, "group", ByAll, "`subreddit` to show, after a run with --cluster_by=subreddit")
			addPython(flags, &e.Python)
		}),
		in(groupWatch, func(flags *pflag.FlagSet) {
			flags.Uint16Var(&e.Port, "port", 0, "`number` of the port on 127.0.0.1 (default: a free one)")
			flags.BoolVar(&e.Open, "open", true, "open the page in the browser")
		}),
	)
	e.apart = []string{"export", "group"} // they are for one call
	return e
}

// Complete fills in what follows from other settings, and checks all of them.
func (e *Explore) Complete() error {
	if err := makeAbsolute(&e.Export); err != nil {
		return err
	}
	if err := e.Files.fillForPython(&e.Python); err != nil {
		return err
	}
	if e.Group != ByAll {
		if !slices.Contains(e.Files.Names, e.Group) {
			return Usagef("--group %q: no such subreddit in %s%s", e.Group, e.Files.Subreddits, DidYouMean(e.Group, e.Files.Names))
		}
		e.Files.Names = []string{e.Group}
	}
	return nil
}

// Clusters is the folder of the clusters that are shown.
func (e *Explore) Clusters() string {
	if e.Group == ByAll {
		return e.Files.Clusters()
	}
	return filepath.Join(e.Files.Clusters(), e.Group)
}
