package config

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/mpsbridge"
)

// otherVariables begin like the variables of flags but are not settings: Redis's password, the key of
// the server that names clusters, and what the tests and benchmarks of this repository read.
var otherVariables = []string{
	mpsbridge.PasswordVariable, mpsbridge.PasswordFileVariable, nameKeyVariable,
	"THREADLOOM_CORPUS", "THREADLOOM_BENCH_ROOT", "THREADLOOM_BENCH_MODEL", "THREADLOOM_SCAN_TREE",
}

// ofService are the variables that Kubernetes sets in every container of a namespace for a
// service whose name begins with threadloom.
var ofService = regexp.MustCompile(`^THREADLOOM_([A-Z0-9_]+_)?(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// UnknownVariables returns the variables of an environment (NAME=VALUE) that look like settings
// but are not.
func UnknownVariables(environment []string) []string {
	flags := everySetting()
	var unknown []string
	for _, line := range environment {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, variablePrefix) || slices.Contains(otherVariables, name) || ofService.MatchString(name) {
			continue
		}
		if f := strings.ToLower(strings.TrimPrefix(name, variablePrefix)); flags.Lookup(f) == nil || variableOf(f) != name {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// WarnUnknown says in one line which variables look like settings but are not.
func WarnUnknown(errs io.Writer, environment []string) {
	unknown := UnknownVariables(environment)
	if len(unknown) == 0 {
		return
	}
	known := slices.Clone(otherVariables)
	for _, name := range flagNames(everySetting()) {
		known = append(known, variableOf(name))
	}
	said := make([]string, len(unknown))
	for i, name := range unknown {
		said[i] = name + " is in the environment but is not a setting" + DidYouMean(name, known)
	}
	fmt.Fprintln(errs, "warning:", strings.Join(said, "; "))
}

func flagNames(flags *pflag.FlagSet) (names []string) {
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// DidYouMean proposes the known name that is closest to a wrong one, or nothing if none is
// close.
func DidYouMean(wrong string, known []string) string {
	best, least := "", max(2, len(wrong)/5)+1
	for _, name := range known {
		if d := distance(strings.ToLower(wrong), strings.ToLower(name)); d < least {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// distance is Levenshtein's: how many bytes must be inserted, deleted or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := diagonal
			if a[i] != b[j] {
				changed++
			}
			diagonal = row[j+1]
			row[j+1] = min(changed, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
