package process

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"
)

// started returns a process that sleeps.
func started(t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // fails if it is dead already
		_ = cmd.Wait()
	})
	return cmd
}

func TestAProcessThatNobodyAskedForItsCodeHasEnded(t *testing.T) {
	cmd := started(t)
	id := ID{Place(), cmd.Process.Pid, UnknownStart}
	if id.Ended() {
		t.Error("it runs")
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); !id.Ended(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it was killed, and nobody has waited for it")
		}
	}
}

func TestAPIDThatWasGivenOutAgainIsNobodyElses(t *testing.T) {
	cmd := started(t)
	_, start, err := inProc(strconv.Itoa(cmd.Process.Pid))
	if err != nil {
		t.Skip("no /proc on this system")
	}
	id := ID{Place(), cmd.Process.Pid, start}
	if id.Ended() {
		t.Error("it runs")
	}
	id.Start += "1"
	if !id.Ended() {
		t.Error("another process has its PID now")
	}
}

func TestOfAnotherPlaceNobodyKnowsWhetherItHasEnded(t *testing.T) {
	cmd := exec.Command("true")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	id := ID{Place(), cmd.Process.Pid, UnknownStart}
	if !id.Ended() {
		t.Error("it has ended")
	}
	id.Place = placeOf("another host", "", "")
	if id.Ended() {
		t.Error("nobody here can know")
	}
}

func TestPlacesAreTheGoldenOnes(t *testing.T) {
	b, err := os.ReadFile("../../mpsbridge/golden/unfinished.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Places []struct{ Host, Boot, Space, Place string }
	}
	if err := json.Unmarshal(b, &table); err != nil {
		t.Fatal(err)
	}
	for _, want := range table.Places {
		if got := placeOf(want.Host, want.Boot, want.Space); got != want.Place {
			t.Errorf("%+v: got %s", want, got)
		}
	}
	if self := Self(); self.PID != os.Getpid() || self.Place != Place() || self.Ended() {
		t.Errorf("this process is %+v", self)
	}
}
