package main

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestOnlyOneRunHoldsTheLease(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out", "_run-1.lease")
	first, err := takeLease(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := takeLease(path); !errors.Is(err, errOtherRun) {
		t.Fatalf("a second run got %v", err)
	}
	first.release()
	second, err := takeLease(path)
	if err != nil {
		t.Fatal(err)
	}
	second.release()
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTheLeaseIsByTheSubredditsWhateverTheirOrder(t *testing.T) {
	if a, b := leasePath("o", []string{"x", "y"}), leasePath("o", []string{"y", "x"}); a != b {
		t.Errorf("%s and %s", a, b)
	}
	if a, b := leasePath("o", []string{"x", "y"}), leasePath("o", []string{"x"}); a == b {
		t.Errorf("%s for both lists", a)
	}
}

func TestADeadRunsLeaseIsTaken(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	here := holder{Machine: thisMachine(), PID: ended.Process.Pid}
	elsewhere := holder{Machine: "another", PID: os.Getpid()}
	for name, c := range map[string]struct {
		holder holder
		silent time.Duration
		taken  bool
	}{
		"ended on this machine":         {here, 0, true},
		"alive on another machine":      {elsewhere, 2 * leaseBeat, false},
		"long silent, another machine":  {elsewhere, 2 * leaseDead, true},
		"from the future":               {elsewhere, -2 * leaseDead, true},
		"a clock that is a bit ahead":   {elsewhere, -2 * leaseBeat, false},
		"alive here by PID, but silent": {holder{Machine: thisMachine(), PID: os.Getpid()}, 2 * leaseDead, true},
	} {
		path := filepath.Join(t.TempDir(), "_run-1.lease")
		b, err := json.Marshal(c.holder)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-c.silent)
		if err := os.Chtimes(path, then, then); err != nil {
			t.Fatal(err)
		}
		l, err := takeLease(path)
		if got := err == nil; got != c.taken {
			t.Errorf("%s: taken %v (%v), want %v", name, got, err, c.taken)
		}
		l.release()
	}
}
