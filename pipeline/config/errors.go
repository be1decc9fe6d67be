package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// UsageError is a wrong setting: exit code 2, one line.
type UsageError struct{ error }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// usage makes a UsageError from an error.
func usage(err error) error {
	if err == nil {
		return nil
	}
	return UsageError{err}
}

func (e UsageError) Unwrap() error { return e.error }

// PlainError returns what is wrong with a value without the name of Go's function that found it.
func PlainError(err error) error {
	if number, ok := errors.AsType[*strconv.NumError](err); ok {
		return number.Err
	}
	return err
}

// WithoutURL returns an argument for an error message; one that may be a URL with a password
// is replaced.
func WithoutURL(argument string) string {
	if strings.Contains(argument, "://") {
		return "(a URL)"
	}
	return argument
}

// OneLine returns a text without its line breaks.
func OneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// firstError runs checks until one of them fails.
func firstError(checks ...func() error) error {
	for _, check := range checks {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}
