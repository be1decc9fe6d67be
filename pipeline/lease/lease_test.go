package lease

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/threadloom/threadloom/transforms/process"
)

// deadProcess returns the PID of a process that has ended.
func deadProcess(t *testing.T) int {
	t.Helper()
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	return ended.Process.Pid
}

// putLease writes a lease that its holder has not renewed for some time.
func putLease(t *testing.T, folder string, h holder, silent time.Duration) {
	t.Helper()
	b, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	path := path(filepath.Join(folder, Name), 7, held)
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, b, 0o644)); err != nil {
		t.Fatal(err)
	}
	then := time.Now().Add(-silent)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func mustTake(t *testing.T, folder string) *Lease {
	t.Helper()
	l, err := Take(folder)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestOnlyOneRunHoldsTheLease(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "new", "out")
	first := mustTake(t, folder)
	if _, err := Take(folder); !errors.Is(err, ErrHeld) {
		t.Fatalf("a second run got %v", err)
	}
	if err := first.Held(); err != nil {
		t.Errorf("the first no longer holds it: %v", err)
	}
	first.Release()
	mustTake(t, folder).Release()
	left, err := os.ReadDir(filepath.Join(folder, Name))
	if err != nil || len(left) != 1 || left[0].Name() != "00000002.free" {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestADeadRunsLeaseIsTaken(t *testing.T) {
	here := holder{Machine: process.Place(), PID: deadProcess(t)}
	elsewhere := holder{Machine: "another", PID: os.Getpid()}
	for name, c := range map[string]struct {
		holder holder
		silent time.Duration
		taken  bool
	}{
		"ended on this machine":         {here, 0, true},
		"alive on another machine":      {elsewhere, 2 * beatEvery, false},
		"long silent, another machine":  {elsewhere, 2 * deadAfter, true},
		"from the future":               {elsewhere, -2 * deadAfter, true},
		"a clock that is a bit ahead":   {elsewhere, -2 * beatEvery, false},
		"alive here by PID, but silent": {holder{Machine: process.Place(), PID: os.Getpid()}, 2 * deadAfter, true},
	} {
		folder := t.TempDir()
		putLease(t, folder, c.holder, c.silent)
		l, err := Take(folder)
		if got := err == nil; got != c.taken {
			t.Errorf("%s: taken %v (%v), want %v", name, got, err, c.taken)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, Name, "*")); len(left) != 1 {
			t.Errorf("%s: left %v", name, left)
		}
		l.Release()
	}
}

// A process is stopped after it saw a dead lease. Meanwhile others take over.
func TestAProcessThatWasPausedTakesNothingFromAnother(t *testing.T) {
	for name, meanwhile := range map[string]func(t *testing.T, folder string) *Lease{
		"one took over": mustTake,
		"one took over and gave it back, another one holds it": func(t *testing.T, folder string) *Lease {
			mustTake(t, folder).Release()
			return mustTake(t, folder)
		},
		"two took over and died, another one holds it": func(t *testing.T, folder string) *Lease {
			mustTake(t, folder).leaveDead()
			mustTake(t, folder).leaveDead()
			return mustTake(t, folder)
		},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			putLease(t, folder, holder{Machine: "another"}, 2*deadAfter)
			var other *Lease
			_, err := take(folder, func() { other = meanwhile(t, folder) })
			if !errors.Is(err, ErrHeld) {
				t.Errorf("the paused process got %v", err)
			}
			if err := other.Held(); err != nil {
				t.Errorf("the other one lost its lease: %v", err)
			}
			other.Release()
		})
	}
}

func TestAProcessThatWasPausedTakesALeaseThatIsFreeAgain(t *testing.T) {
	folder := t.TempDir()
	first := true
	l, err := take(folder, func() {
		if first {
			first = false
			mustTake(t, folder).Release()
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Held(); err != nil {
		t.Error(err)
	}
	l.Release()
}

// The holder is suspended: its clock stands still, and another run takes over.
func TestAHolderThatWakesUpNoticesThatItLostTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		folder := t.TempDir()
		suspended := mustTake(t, folder)
		time.Sleep(3*beatEvery + beatEvery/2) // no renewal comes between the next lines
		if err := suspended.Held(); err != nil {
			t.Fatal(err)
		}
		then := time.Now().Add(-2 * deadAfter)
		if err := os.Chtimes(suspended.Path(), then, then); err != nil {
			t.Fatal(err)
		}
		other := mustTake(t, folder)
		if err := suspended.Held(); !errors.Is(err, ErrHeld) {
			t.Errorf("the lease is held by two: %v", err)
		}
		time.Sleep(2 * beatEvery)
		select {
		case <-suspended.Lost():
		default:
			t.Error("the run was not told")
		}
		suspended.Release()
		if err := other.Held(); err != nil {
			t.Errorf("the first took the lease of the second with it: %v", err)
		}
		if _, err := Take(folder); !errors.Is(err, ErrHeld) {
			t.Errorf("a third run got %v", err)
		}
		other.Release()
	})
}

func TestALeaseThatWasRemovedByHandIsLost(t *testing.T) {
	folder := t.TempDir()
	l := mustTake(t, folder)
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := l.Held(); !errors.Is(err, ErrHeld) {
		t.Errorf("got %v", err)
	}
	l.Release()
}

func TestWhatAKilledProcessLeftGoesWithTheNextLease(t *testing.T) {
	folder := t.TempDir()
	mustTake(t, folder).Release()
	leases := filepath.Join(folder, Name)
	for name, silent := range map[string]time.Duration{temporary + "old": 2 * deadAfter, temporary + "new": 0} {
		then := time.Now().Add(-silent)
		if err := errors.Join(os.WriteFile(filepath.Join(leases, name), nil, 0o600), os.Chtimes(filepath.Join(leases, name), then, then)); err != nil {
			t.Fatal(err)
		}
	}
	l := mustTake(t, folder)
	defer l.Release()
	if left, _ := os.ReadDir(leases); len(left) != 2 || left[0].Name() != temporary+"new" {
		t.Errorf("left: %v", left)
	}
}
