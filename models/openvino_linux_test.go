package models

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// allowed returns on which cores a thread may run, as the kernel writes it.
func allowed(t *testing.T, status string) string {
	t.Helper()
	b, err := os.ReadFile(status)
	if err != nil {
		return "" // it has ended meanwhile
	}
	_, rest, _ := strings.Cut(string(b), "Cpus_allowed_list:")
	list, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(list)
}

// Several processes with a few cores each may share a machine, as Flink's TaskManagers
// do. If each bound its threads to the first core, all would use the same one.
func TestAnEngineBindsNoThreadToACore(t *testing.T) {
	e, err := Open(Config{Folder: filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2"), Workers: 1, TokenBudget: 256})
	if err != nil {
		t.Fatal(err)
	}
	texts := make([]string, 64)
	for i := range texts {
		texts[i] = strings.Repeat(strconv.Itoa(i)+" words ", 50)
	}
	done := make(chan error, 1)
	go func() {
		_, err := e.Embed(context.Background(), texts)
		done <- err
	}()
	want := allowed(t, "/proc/self/status")
	for {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			return
		case <-time.After(10 * time.Millisecond):
		}
		threads, err := filepath.Glob("/proc/self/task/*/status")
		if err != nil || len(threads) < 2 {
			t.Fatalf("%d threads, error %v", len(threads), err)
		}
		for _, thread := range threads {
			if got := allowed(t, thread); got != "" && got != want {
				t.Fatalf("%s may run on cores %s only, the process on %s", thread, got, want)
			}
		}
	}
}
