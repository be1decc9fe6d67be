package config

import "github.com/spf13/pflag"

// Queue is what 'queue' looks at.
type Queue struct {
	*Settings
	Redis Redis
}

// ForQueue returns the settings of 'queue'.
func ForQueue() *Queue {
	q := &Queue{}
	q.Settings = newSettings(
		in(groupFiles, func(flags *pflag.FlagSet) {
			flags.String("root", "", "`folder` with threadloom.toml, if there is one")
		}),
		in(groupWorkers, q.Redis.addFlags),
	)
	return q
}
