package runners

import (
	"errors"
	"regexp"
	"strings"
)

// pythonError matches the last line of the traceback of a DoFn in Python.
var pythonError = regexp.MustCompile(`(?m)^(?:\w+\.)*\w+: (.+) \[while running '([^']*)'\]$`)

// goError matches the end of the plan that Beam writes first, and then the error of a DoFn in Go.
var goError = regexp.MustCompile(`(?s)DoFn\[[^\]]*Name: [^\]]*\] failed:\n(.*)$`)

// jobError returns the error of the step that failed. The error of the job has Beam's
// whole plan, too. An error of another form is returned unchanged.
func jobError(err error) error {
	if m := pythonError.FindStringSubmatch(err.Error()); m != nil {
		return errors.New(m[2] + ": " + m[1])
	}
	if m := goError.FindStringSubmatch(err.Error()); m != nil {
		return errors.New(strings.TrimSpace(m[1]))
	}
	return err
}
