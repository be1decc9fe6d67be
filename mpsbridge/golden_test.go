package mpsbridge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
)

// golden reads a file that the Python worker's tests read, too.
func golden(t *testing.T, name string, into any) {
	t.Helper()
	b, err := os.ReadFile("golden/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestKeysAreTheGoldenOnes(t *testing.T) {
	var want map[string]string
	golden(t, "keys.json", &want)
	k := keys{want["queue"]}
	got := map[string]string{
		"queue": k.queue, "worker": want["worker"], "todo": k.todo(), "workers": k.workers(), "lists": k.lists(),
		"active": k.active(want["worker"]), "begun": k.begun(), "delayed": k.delayed(),
		"attempts": k.attempts(), "dead": k.dead(), "events": k.events(), "roots": k.roots(), "enqueuing": k.enqueuing(),
		"replace": k.replace(), "rows": k.rows(),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestJobsAreReadAndWrittenAsTheGoldenOnes(t *testing.T) {
	var jobs []struct {
		Raw       string
		Canonical *bool
		Error     string
		Input     string `json:"input_path"`
		Output    string `json:"output_path"`
	}
	golden(t, "jobs.json", &jobs)
	for _, want := range jobs {
		got, err := ParseJob(want.Raw)
		if want.Error != "" {
			if err == nil || !strings.Contains(err.Error(), want.Error) {
				t.Errorf("%s: error %v, want one with %q", want.Raw, err, want.Error)
			}
			continue
		}
		if err != nil || got.InputPath != want.Input || got.OutputPath != want.Output {
			t.Errorf("%s: got %+v, %v", want.Raw, got, err)
		}
		if raw, err := got.Raw(); want.Canonical == nil && (err != nil || raw != want.Raw) {
			t.Errorf("%s: written as %s, %v", want.Raw, raw, err)
		}
	}
	if _, err := ParseJob(strings.Repeat(" ", 10<<20)); err == nil || !strings.Contains(err.Error(), "longer than 64 KiB") {
		t.Errorf("10 MiB: error %v", err)
	}
}

func TestPathMapsAreTheGoldenOnes(t *testing.T) {
	var maps []struct {
		Maps                []string
		Path, Mapped, Error string
	}
	golden(t, "pathmaps.json", &maps)
	for _, want := range maps {
		m, err := ParsePathMaps(want.Maps)
		if want.Error != "" {
			if err == nil || !strings.Contains(err.Error(), want.Error) {
				t.Errorf("%v: error %v, want %q", want.Maps, err, want.Error)
			}
			continue
		}
		if err != nil {
			t.Errorf("%v: %v", want.Maps, err)
		} else if got := m.Map(want.Path); got != want.Mapped {
			t.Errorf("%v: %s becomes %s, want %s", want.Maps, want.Path, got, want.Mapped)
		}
	}
}

func TestSettingsAreTheGoldenOnes(t *testing.T) {
	var want map[string]any
	golden(t, "settings.json", &want)
	var s Settings
	golden(t, "settings.json", &s)
	written, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(written, &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEnsureNonceGivesAllTheSame(t *testing.T) {
	folder := t.TempDir()
	nonces := make(chan string, 8)
	for range cap(nonces) {
		go func() {
			nonce, err := EnsureNonce(folder)
			if err != nil {
				t.Error(err)
			}
			nonces <- nonce
		}()
	}
	first := <-nonces
	for range cap(nonces) - 1 {
		if nonce := <-nonces; nonce != first || len(nonce) != 32 {
			t.Errorf("nonces %q and %q", first, nonce)
		}
	}
	if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
		t.Errorf("%d files are left, want the nonce alone (%v)", len(entries), err)
	}
}

func TestEnsureNonceMakesTheFolderAsTheUmaskSays(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	defer syscall.Umask(syscall.Umask(0o002))
	if _, err := EnsureNonce(folder); err != nil {
		t.Fatal(err)
	}
	for _, made := range []string{folder, filepath.Dir(folder)} {
		if info, err := os.Stat(made); err != nil || info.Mode().Perm() != 0o775 {
			t.Errorf("%s: %v, error %v, want 0775", made, info.Mode(), err)
		}
	}
}

func FuzzParseJob(f *testing.F) {
	f.Add(`{"input_path":"/a.parquet","output_path":"/b.parquet"}`)
	f.Fuzz(func(t *testing.T, raw string) {
		job, err := ParseJob(raw)
		if err != nil {
			return
		}
		again, err := job.Raw()
		if err != nil {
			t.Fatalf("%q is read but cannot be written: %v", raw, err)
		}
		if same, err := ParseJob(again); err != nil || same != job {
			t.Fatalf("%q becomes %q: %+v, %v", raw, again, same, err)
		}
	})
}

func FuzzPathMap(f *testing.F) {
	f.Add("/data=/Volumes/data", "/data/a.parquet")
	f.Fuzz(func(t *testing.T, pair, path string) {
		if m, err := ParsePathMaps([]string{pair}); err == nil && strings.HasPrefix(path, "/") && !strings.HasPrefix(m.Map(path), "/") {
			t.Fatalf("%q maps %q to %q", pair, path, m.Map(path))
		}
	})
}
