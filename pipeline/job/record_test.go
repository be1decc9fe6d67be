package job

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/pipeline/config"
)

// parse reads the command line of a run.
func parse(args ...string) (*config.Run, error) {
	c := config.ForRun()
	flags := pflag.NewFlagSet("run", pflag.ContinueOnError)
	c.AddFlagsTo(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	return c, c.Read(os.Environ)
}

func TestARecordHasNoEndUntilTheRunHas(t *testing.T) {
	c, err := parse("--suffix=posts", "--redis=redis://me:secret@node1:6379")
	if err != nil {
		t.Fatal(err)
	}
	c.Files.EmbeddingsDir = t.TempDir()
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r, err := newRecord(c, start)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(c.Files.EmbeddingsDir, "posts", "_runs", fmt.Sprintf("20260102T030405Z-%d.json", os.Getpid())); r.path != want {
		t.Errorf("written to %s, want %s", r.path, want)
	}
	read := func() (b []byte, got map[string]any) {
		b, err := os.ReadFile(r.path)
		if err == nil {
			err = json.Unmarshal(b, &got)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b, got
	}
	b, begun := read()
	if begun["ended"] != nil || begun["exit_code"] != nil || begun["started"] != "2026-01-02T03:04:05Z" {
		t.Errorf("at the start: %v", begun)
	}
	if settings := begun["settings"].(map[string]any); settings["suffix"] != "posts" || settings["redis"] != "redis://me:xxxxx@node1:6379" {
		t.Errorf("settings %v", settings)
	}
	if strings.Contains(string(b), "secret") {
		t.Errorf("the password is in it: %s", b)
	}
	if err := r.end(&summary{Rows: 7}, errors.New("disk full"), ExitFailed, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	_, ended := read()
	if ended["exit_code"] != 1.0 || ended["error"] != "disk full" || ended["summary"].(map[string]any)["rows"] != 7.0 || ended["ended"] != "2026-01-02T03:05:05Z" {
		t.Errorf("at the end: %v", ended)
	}
}

func TestOnlyTheNewestRecordsAreKept(t *testing.T) {
	folder := t.TempDir()
	for i := range 7 {
		if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("2026010%dT000000Z-1.json", i)), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "0-notes.txt"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := forget(folder, 3); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil || len(left) != 4 || filepath.Base(left[1]) != "20260104T000000Z-1.json" {
		t.Errorf("left %v, error %v", left, err)
	}
}
