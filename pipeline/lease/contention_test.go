package lease

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/process"
)

// contenderVariable makes the test binary act as one of many processes.
const contenderVariable = "THREADLOOM_TEST_LEASE_CONTENDER"

func TestMain(m *testing.M) {
	switch os.Getenv(contenderVariable) {
	case "once":
		contend(os.Stdin, os.Stdout)
	case "often":
		contendOften(os.Args[1])
	default:
		os.Exit(m.Run())
	}
}

// contend reads a folder, tries to take its lease, writes whether it has it, and gives the
// lease back when it reads the next line. It repeats this until its input ends.
func contend(in io.Reader, out io.Writer) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		l, err := Take(lines.Text())
		switch {
		case errors.Is(err, ErrHeld):
			fmt.Fprintln(out, "refused")
		case err != nil:
			fmt.Fprintln(out, "error:", err)
		case l.Held() != nil:
			fmt.Fprintln(out, "lost at once:", l.Held())
		default:
			fmt.Fprintln(out, "holds it")
		}
		if !lines.Scan() {
			return
		}
		l.Release()
		fmt.Fprintln(out, "ended")
	}
}

// contendOften takes a folder's lease again and again, and gives it back or leaves it
// dead. If another process has the lease at the same time, contendOften says so.
func contendOften(folder string) {
	alone := filepath.Join(folder, "alone")
	for range 100 {
		l, err := Take(folder)
		if errors.Is(err, ErrHeld) {
			time.Sleep(time.Millisecond) // so that the holder gets the core
			continue
		}
		if err != nil {
			fmt.Println("error:", err)
			continue
		}
		if err := os.Mkdir(alone, 0o777); err != nil {
			fmt.Println("two holders:", err)
		}
		if err := l.Held(); err != nil {
			fmt.Println("error:", err)
		}
		if err := os.Remove(alone); err != nil {
			fmt.Println("two holders:", err)
		}
		if l.number%3 == 0 {
			l.leaveDead()
		} else {
			l.Release()
		}
		fmt.Println("held")
	}
}

// leaveDead leaves the lease as if its process had ended long ago.
func (l *Lease) leaveDead() {
	close(l.stop)
	l.done.Wait()
	then := time.Now().Add(-2 * deadAfter)
	_ = os.Chtimes(l.Path(), then, then)
}

// contender is a process that contends for leases.
type contender struct {
	in  io.Writer
	out *bufio.Scanner
}

func (c contender) say(t *testing.T, line string) {
	t.Helper()
	if _, err := fmt.Fprintln(c.in, line); err != nil {
		t.Fatal(err)
	}
}

func (c contender) hear(t *testing.T) string {
	t.Helper()
	if !c.out.Scan() {
		t.Fatalf("a process has ended: %v", c.out.Err())
	}
	return c.out.Text()
}

func startContenders(t *testing.T, count int) []contender {
	t.Helper()
	var all []contender
	for range count {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), contenderVariable+"=once")
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = errors.Join(in.Close(), cmd.Wait()) })
		all = append(all, contender{in, bufio.NewScanner(out)})
	}
	return all
}

func TestTwentyProcessesOverADeadLeaseGiveOneHolder(t *testing.T) {
	all := startContenders(t, 20)
	dead := deadProcess(t)
	for round := range 50 {
		folder := t.TempDir()
		if round%2 == 0 {
			putLease(t, folder, holder{Machine: process.Place(), PID: dead}, 0)
		} else {
			putLease(t, folder, holder{Machine: "another", PID: 1}, 2*deadAfter)
		}
		for _, c := range all {
			c.say(t, folder)
		}
		answers := map[string]int{}
		for _, c := range all {
			answers[c.hear(t)]++
		}
		if answers["holds it"] != 1 || answers["refused"] != len(all)-1 {
			t.Errorf("round %d: %v", round, answers)
		}
		for _, c := range all {
			c.say(t, "end")
		}
		for _, c := range all {
			c.hear(t)
		}
	}
}

func TestProcessesThatTakeGiveBackAndDieNeverHoldTogether(t *testing.T) {
	folder := t.TempDir()
	outputs := make([]strings.Builder, 8)
	var all []*exec.Cmd
	for i := range outputs {
		cmd := exec.Command(os.Args[0], folder)
		cmd.Env = append(os.Environ(), contenderVariable+"=often")
		cmd.Stdout, cmd.Stderr = &outputs[i], os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		all = append(all, cmd)
	}
	times := 0
	for i, cmd := range all {
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
		for line := range strings.Lines(outputs[i].String()) {
			if line != "held\n" {
				t.Error(strings.TrimSpace(line))
			}
			times++
		}
	}
	if times < 20 {
		t.Errorf("the lease was held %d times: too few to show anything", times)
	}
	if left, err := os.ReadDir(filepath.Join(folder, Name)); err != nil || len(left) != 1 {
		t.Errorf("left: %v %v", left, err)
	}
}
