package chainfile

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/process"
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

func TestTheSweepIsTheGoldenOne(t *testing.T) {
	var table struct {
		Here  string
		Files []struct {
			Why, Name   string
			WriterEnded *bool   `json:"writer_ended"` // nil: nobody may ask
			AgeHours    float64 `json:"age_hours"`
			Swept       bool
			Mark        string
		}
	}
	b, err := os.ReadFile("../../mpsbridge/golden/unfinished.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &table); err != nil {
		t.Fatal(err)
	}
	for _, f := range table.Files {
		writer, mark := parseTempName(f.Name)
		ended := func(process.ID) bool {
			if f.WriterEnded == nil {
				t.Errorf("%s: a process was asked for", f.Why)
				return true
			}
			return *f.WriterEnded
		}
		swept := process.LeftBehind(writer, table.Here, ended, time.Duration(f.AgeHours*float64(time.Hour)))
		if swept != f.Swept || mark != f.Mark || !IsUnfinished([]byte(f.Name)) {
			t.Errorf("%s: swept %v, mark %q, want %v, %q", f.Why, swept, mark, f.Swept, f.Mark)
		}
	}
}

func TestATempNameSaysWhoWritesIt(t *testing.T) {
	name := tempName("a.parquet")
	writer, mark := parseTempName(name)
	if writer != process.Self() || mark != NameHash("a.parquet") || !IsUnfinished([]byte(name)) {
		t.Errorf("%s is read as %+v, %q", name, writer, mark)
	}
	if tempName("a.parquet") == name {
		t.Error("two files of one process have the same name")
	}
}

// tempNameOf returns the name of an unfinished a.parquet that a process writes.
func tempNameOf(id process.ID) string {
	return fmt.Sprintf(".%s.%d.%s.%016x.%s%s", id.Place, id.PID, id.Start, 1, NameHash("a.parquet"), tempSuffix)
}

func TestSweepRemovesOnlyWhatIsLeftBehind(t *testing.T) {
	folder := t.TempDir()
	self := process.Self()
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ended := endedPID(t)
	gone := tempNameOf(process.ID{Place: self.Place, PID: ended, Start: process.UnknownStart})
	used := tempNameOf(self)
	// Host mac-17 wrote this name, or another container called mac-17. Host mac took the file for its own.
	old := fmt.Sprintf(".%s-%d-4711-1.%s.parquet.tmp", host, ended, NameHash("b.parquet"))
	older := fmt.Sprintf(".%s-%d-1.%s.parquet.tmp", host, ended, NameHash("c.parquet"))
	for _, name := range []string{gone, used, old, older} {
		if err := os.WriteFile(filepath.Join(folder, name), nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{gone, used, old, older, tempNameOf(process.ID{Place: self.Place, PID: ended, Start: "7"})}
	if n := Sweep(rooted.Path{Root: folder, Path: folder}, all); !slices.Equal(n, []string{NameHash("a.parquet")}) {
		t.Fatalf("swept %q, want the mark of a.parquet", n)
	}
	for _, name := range []string{used, old, older} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Error(err)
		}
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
