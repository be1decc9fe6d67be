package mpsbridge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// mostJobBytes bounds a job. Two paths are far shorter; what is longer was put in by
// mistake, and is refused before anybody parses it.
const mostJobBytes = 64 << 10

const (
	inputKey  = "input_path"
	outputKey = "output_path"
)

// Job is one file to embed. Its paths are absolute, as the producer sees them.
type Job struct {
	InputPath  string `json:"input_path"`
	OutputPath string `json:"output_path"`
}

// Raw returns the job's bytes, always the same for the same job. They are its identity
// in Redis, so that a file is never queued twice.
func (j Job) Raw() (string, error) {
	if err := j.check(); err != nil {
		return "", err
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // Python does not escape it either, so both write the same bytes
	if err := encoder.Encode(j); err != nil {
		return "", fmt.Errorf("encoding the job of %s: %w", j.InputPath, err)
	}
	raw := strings.TrimSuffix(b.String(), "\n")
	if len(raw) > mostJobBytes {
		return "", errTooLong
	}
	return raw, nil
}

var errTooLong = errors.New("job longer than 64 KiB")

// ParseJob reads a job, which anybody may have written. Spaces and the order of the keys are
// free. All else is strict, because a worker reads and writes the files that a job names.
func ParseJob(raw string) (Job, error) {
	if len(raw) > mostJobBytes {
		return Job{}, errTooLong
	}
	if !utf8.ValidString(raw) || !json.Valid([]byte(raw)) {
		return Job{}, errors.New("job is not JSON")
	}
	// Go would take INPUT_PATH for input_path if it read this into a Job.
	var values map[string]json.RawMessage
	if err := json.Unmarshal([]byte(raw), &values); err != nil || values == nil {
		return Job{}, errors.New("job is not an object")
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		if key != inputKey && key != outputKey {
			return Job{}, fmt.Errorf("job with the unknown key %s", key)
		}
	}
	var j Job
	for key, to := range map[string]*string{inputKey: &j.InputPath, outputKey: &j.OutputPath} {
		if values[key] == nil {
			return Job{}, fmt.Errorf("job without %s", key)
		}
		if err := parsePath(values[key], to); err != nil {
			return Job{}, fmt.Errorf("job whose %s is %w", key, err)
		}
	}
	return j, j.check()
}

func (j Job) check() error {
	if err := checkPath(j.InputPath); err != nil {
		return fmt.Errorf("job whose %s %w", inputKey, err)
	}
	if err := checkPath(j.OutputPath); err != nil {
		return fmt.Errorf("job whose %s %w", outputKey, err)
	}
	if !strings.HasSuffix(j.OutputPath, ".parquet") {
		return fmt.Errorf("job whose %s does not end in .parquet", outputKey)
	}
	return nil
}

func checkPath(p string) error {
	switch {
	case !utf8.ValidString(p):
		return errors.New("is not valid UTF-8")
	case strings.ContainsRune(p, 0):
		return errors.New("has a NUL byte")
	case !path.IsAbs(p):
		return errors.New("is not absolute")
	case slices.Contains(strings.Split(p, "/"), ".."):
		return errors.New("has .. in it")
	}
	return nil
}

var (
	surrogatePair = regexp.MustCompile(`(?i)\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}`)
	surrogate     = regexp.MustCompile(`(?i)\\ud[89a-f]`)
)

// parsePath reads a JSON string. Half a surrogate pair is an error. Python writes bytes that are
// not UTF-8 in this way, and Go would read it as another character, and so as another path.
func parsePath(value json.RawMessage, to *string) error {
	if value[0] != '"' {
		return errors.New("not a string")
	}
	escapes := strings.ReplaceAll(string(value), `\\`, "|") // an escaped backslash begins no escape
	if surrogate.MatchString(surrogatePair.ReplaceAllString(escapes, "|")) {
		return errors.New("not valid UTF-8")
	}
	return json.Unmarshal(value, to)
}
