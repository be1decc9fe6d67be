package chainfile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// endedPID returns the id of a process that has ended.
func endedPID(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid
}

func TestLeftBehind(t *testing.T) {
	ended := endedPID(t)
	for _, c := range []struct {
		name, file string
		age        time.Duration
		want       bool
	}{
		{"ended here", fmt.Sprintf(".a-host-%d-1.parquet.tmp", ended), 0, true},
		{"in use here", fmt.Sprintf(".a-host-%d-1.parquet.tmp", os.Getpid()), time.Hour, false},
		{"on another machine", fmt.Sprintf(".b-host-%d-1.parquet.tmp", ended), time.Hour, false},
		{"on another machine, long ago", ".b-host-1-1.parquet.tmp", 25 * time.Hour, true},
		{"a name of someone else's", ".notes.parquet.tmp", time.Hour, false},
		{"no process id", ".a-host-x-1.parquet.tmp", time.Hour, false},
	} {
		if got := leftBehind(c.file, "a-host", c.age); got != c.want {
			t.Errorf("%s: left behind %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAProcessThatNobodyAskedForItsCodeHasEnded(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }() // killed
	if ProcessEnded(cmd.Process.Pid) {
		t.Error("it runs")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); !ProcessEnded(cmd.Process.Pid); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was killed, and nobody has waited for it")
		}
	}
}

func TestSweepRemovesOnlyWhatIsLeftBehind(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	gone := fmt.Sprintf(".%s-%d-1.%s.parquet.tmp", host, endedPID(t), Mark("a.parquet"))
	used := fmt.Sprintf(".%s-%d-1.parquet.tmp", host, os.Getpid())
	for _, name := range []string{gone, used} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if n := Sweep(rooted.Path{Root: folder, Path: folder}, []string{gone, used, ".missing-1-1.parquet.tmp"}); !slices.Equal(n, []string{Mark("a.parquet")}) {
		t.Fatalf("swept %q, want the mark of a.parquet", n)
	}
	if _, err := os.Stat(filepath.Join(folder, used)); err != nil {
		t.Error(err)
	}
}

func TestIsUnfinished(t *testing.T) {
	for name, want := range map[string]bool{
		".host-1-1.parquet.tmp": true, "a.parquet": false, ".a.parquet": false, "a.parquet.tmp": false, "": false,
	} {
		if got := IsUnfinished([]byte(name)); got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}
