package runners

import (
	"errors"
	"regexp"
	"strings"
)

// pythonError is the last line of the traceback of a DoFn in Python.
var pythonError = regexp.MustCompile(`(?m)^(?:\w+\.)*\w+: (.+) \[while running '([^']*)'\]$`)

// goError is what a DoFn in Go returned, the end of the plan that Beam puts before it.
var goError = regexp.MustCompile(`(?s)DoFn\[[^\]]*Name: [^\]]*\] failed:\n(.*)$`)

// jobError takes from the error of a failed job, which shows Beam's whole plan,
// what the failed step said. An error of another shape is returned as it is.
func jobError(err error) error {
	if m := pythonError.FindStringSubmatch(err.Error()); m != nil {
		return errors.New(m[2] + ": " + m[1])
	}
	if m := goError.FindStringSubmatch(err.Error()); m != nil {
		return errors.New(strings.TrimSpace(m[1]))
	}
	return err
}
