package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/renameio/v2"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/version"
)

// keptRecords is how many run records are kept: three months of nights.
const keptRecords = 100

// record is what is written down about a run, when it begins to work and again when it ends. If a
// record has no end, its run is still at work or was killed.
type record struct {
	Version  string            `json:"version"`
	Host     string            `json:"host"`
	PID      int               `json:"pid"`
	Started  time.Time         `json:"started"`
	Ended    *time.Time        `json:"ended"`
	ExitCode *int              `json:"exit_code"`
	Error    string            `json:"error,omitempty"`
	Settings map[string]string `json:"settings"`
	Summary  *summary          `json:"summary"`
	path     string
}

// newRecord writes the record of a run that begins.
func newRecord(c *config.Run, start time.Time) (*record, error) {
	host, _ := os.Hostname() // for the reader only
	start = start.UTC()
	r := &record{
		Version: version.Version, Host: host, PID: os.Getpid(), Started: start.Truncate(time.Millisecond), Settings: map[string]string{},
		path: filepath.Join(c.Files.Layout().Embeddings, "_runs", fmt.Sprintf("%s-%d.json", start.Format("20060102T150405Z"), os.Getpid())),
	}
	for _, s := range c.Shown() {
		r.Settings[s.Name] = s.Value
	}
	if err := os.MkdirAll(filepath.Dir(r.path), 0o777); err != nil {
		return nil, fmt.Errorf("writing the run's record: %w", err)
	}
	return r, r.write()
}

// end writes how the run ended, and forgets the oldest records.
func (r *record) end(s *summary, runError error, code int, now time.Time) error {
	now = now.UTC().Truncate(time.Millisecond)
	r.Ended, r.ExitCode, r.Summary = &now, &code, s
	if runError != nil {
		r.Error = runError.Error()
	}
	return errors.Join(r.write(), forget(filepath.Dir(r.path), keptRecords))
}

func (r *record) write() error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err == nil {
		err = renameio.WriteFile(r.path, append(b, '\n'), 0o666, renameio.WithTempDir(filepath.Dir(r.path)))
	}
	if err != nil {
		return fmt.Errorf("writing the run's record: %w", err)
	}
	return nil
}

// forget removes the oldest records of a folder, so that at most most are left. Their names
// begin with their time.
func forget(folder string, most int) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("looking at the runs' records: %w", err)
	}
	var found []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") && e.Type().IsRegular() {
			found = append(found, e.Name())
		}
	}
	slices.Sort(found)
	var errs []error
	for _, name := range found[:max(0, len(found)-most)] {
		if err := os.Remove(filepath.Join(folder, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("forgetting an old run: %w", err))
		}
	}
	return errors.Join(errs...)
}
