package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// flagText is a flag as errors name it.
var flagText = regexp.MustCompile(`\B--([a-z][a-z_]*)`)

// origins says of the flags that a text names where they are from, unless that is the
// command line.
func origins(text string, from map[string]string) string {
	var said []string
	for _, match := range flagText.FindAllStringSubmatch(text, -1) {
		name := match[1]
		where := from[name]
		switch where {
		case "", "flag":
			continue
		case fromVariable:
			where = variableOf(name)
		}
		if s := fmt.Sprintf("--%s is from %s", name, where); !slices.Contains(said, s) {
			said = append(said, s)
		}
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ", ") + ")"
}

// withOrigins adds to an error about wrong settings where they are from.
func withOrigins(err error, from map[string]string) error {
	var usage usageError
	if !errors.As(err, &usage) {
		return err
	}
	if said := origins(err.Error(), from); said != "" {
		return usagef("%w%s", err, said)
	}
	return err
}

// from says where the settings are from that are not their defaults.
func (c *Config) from() map[string]string {
	if c.settings == nil {
		return nil
	}
	return c.settings.from
}
