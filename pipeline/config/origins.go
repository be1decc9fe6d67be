package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// flagText is a flag as errors name it.
var flagText = regexp.MustCompile(`\B--([a-z][a-z_]*)`)

// Origins says where the flags that a text names were set, unless that was on the
// command line.
func Origins(text string, from map[string]string) string {
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

// WithOrigins adds to an error about wrong settings where they were set.
func WithOrigins(err error, from map[string]string) error {
	if _, ok := errors.AsType[UsageError](err); ok {
		return Usagef("%w%s", err, Origins(err.Error(), from))
	}
	return err
}
