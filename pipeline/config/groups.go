package config

import "github.com/spf13/pflag"

// The groups of flags: headings of --help, in this order.
const (
	groupFiles    = "Input and output"
	groupChains   = "Chains"
	groupSearch   = "Search"
	groupModel    = "Model"
	groupWorkers  = "Remote workers"
	groupClusters = "Clustering"
	groupFlink    = "Flink (Beam's own flags are accepted, too)"
	groupWatch    = "Watching"
)

var groupNames = []string{groupFiles, groupChains, groupSearch, groupModel, groupWorkers, groupClusters, groupFlink, groupWatch}

// groupKey is the annotation of a flag that names its group.
const groupKey = "threadloom_group"

// group is what --help lists under one heading: the flags that some parts add.
type group struct {
	name  string
	parts []func(*pflag.FlagSet)
}

// in returns a group with the flags of some parts.
func in(name string, parts ...func(*pflag.FlagSet)) group { return group{name, parts} }

func (g group) addTo(all *pflag.FlagSet) {
	flags := newFlags()
	for _, add := range g.parts {
		add(flags)
	}
	flags.VisitAll(func(f *pflag.Flag) { setGroup(f, g.name) })
	all.AddFlagSet(flags)
}

func setGroup(f *pflag.Flag, name string) {
	if f.Annotations == nil {
		f.Annotations = map[string][]string{}
	}
	f.Annotations[groupKey] = []string{name}
}

// isOwn reports whether a flag is the program's own and not Beam's or cobra's.
func isOwn(f *pflag.Flag) bool { return len(f.Annotations[groupKey]) > 0 }

// GroupsOf returns the program's own flags among some, in groups.
func GroupsOf(all *pflag.FlagSet) []*pflag.FlagSet {
	var groups []*pflag.FlagSet
	sorted := all.SortFlags
	all.SortFlags = false
	defer func() { all.SortFlags = sorted }()
	for _, name := range groupNames {
		flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
		flags.SortFlags = false
		all.VisitAll(func(f *pflag.Flag) {
			if isOwn(f) && f.Annotations[groupKey][0] == name {
				flags.AddFlag(f)
			}
		})
		if flags.HasFlags() {
			groups = append(groups, flags)
		}
	}
	return groups
}

func newFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("pipeline", pflag.ContinueOnError)
	flags.SortFlags = false // --help lists them in the order of their definition
	return flags
}
