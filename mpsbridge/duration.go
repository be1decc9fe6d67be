package mpsbridge

import (
	"errors"
	"strings"
	"time"
)

var errDuration = errors.New("want a time such as 3s, 1m30s or 250ms, or a number of seconds")

// ParseDuration reads a time of the settings of the pipeline or of a worker: a number with
// a unit, several of them, or a number of seconds alone. worker/durations.py reads the same.
func ParseDuration(text string) (time.Duration, error) {
	number := strings.Trim(text, "0123456789.") == ""
	if number {
		text += "s"
	}
	d, err := time.ParseDuration(text)
	if err != nil || strings.ContainsAny(text, "+-") {
		return 0, errDuration
	}
	return d, nil
}
