package runners

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	// WatchdogCommand is the first argument with which the program runs Watchdog.
	WatchdogCommand = "guard-flink-job"
	// jobIsOver is what a driver says whose job needs no cancelling.
	jobIsOver = "over\n"
	// cancelTimeout bounds how long Flink may take to cancel a job.
	cancelTimeout = 30 * time.Second
	// lookEvery is the time between two questions about the job, and looksForAbsent is how
	// many times Flink must answer that there is none.
	lookEvery      = 250 * time.Millisecond
	looksForAbsent = 4
)

// flinkConf has the settings of our jobs on any cluster. A task that fails, or whose
// machine dies, is started again, and skips the files that it has finished. We choose the
// job's number, so that we know it before Flink hears of the job.
const flinkConf = `restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 3
restart-strategy.fixed-delay.delay: 5 s
$internal.pipeline.job-id: %s
`

// newJobID returns a number for a job on Flink.
func newJobID() string {
	var id [16]byte
	_, _ = rand.Read(id[:]) // it never fails
	return hex.EncodeToString(id[:])
}

// Watchdog runs the job server until standard input ends. That happens when the driver
// ends, even by SIGKILL. Then Watchdog cancels the job, unless the driver has said that
// the job is over. It ends the job server, removes its folder, and returns the exit code.
//
// args: the folder, Flink's HOST:PORT, the job's number, the job server's command.
func Watchdog(args []string) int {
	if len(args) < 4 {
		fmt.Fprintln(os.Stderr, "error: this command is for the program itself")
		return 2
	}
	dir, rest, job, command := args[0], flinkREST(args[1]), args[2], args[3:]
	defer func() { _ = os.RemoveAll(dir) }() // if this fails, only a temporary folder is left
	server, err := startServer(dir, job, command)
	if err != nil {
		fmt.Fprintln(os.Stderr, "error: the job server:", err)
		return 1
	}
	said := make(chan string, 1)
	go func() {
		b, _ := io.ReadAll(os.Stdin) // an error is an end, too
		said <- string(b)
	}()
	select {
	case <-server.done:
		text, _ := os.ReadFile(filepath.Join(dir, "job-server.log"))
		fmt.Fprintln(os.Stderr, "error: the job server ended:", lastLine(string(text)))
		return 1
	case word := <-said:
		if word != jobIsOver {
			if err := cancelJob(context.Background(), rest, job); err != nil {
				fmt.Fprintln(os.Stderr, "error: cancelling the job on Flink:", err)
			}
		}
	}
	_ = server.cmd.Process.Kill() // it may have ended meanwhile
	<-server.done
	return 0
}

// child is a process that dies with this one.
type child struct {
	cmd  *exec.Cmd
	done chan struct{}
}

// startServer starts the job server. Its output goes to a file in dir.
func startServer(dir, job string, command []string) (*child, error) {
	if err := os.WriteFile(filepath.Join(dir, "flink-conf.yaml"), fmt.Appendf(nil, flinkConf, job), 0o666); err != nil {
		return nil, err
	}
	out, err := os.Create(filepath.Join(dir, "job-server.log"))
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(command[0], command[1:]...), done: make(chan struct{})}
	c.cmd.Stdout, c.cmd.Stderr = out, out
	dieWithParent(c.cmd)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // the child dies with the thread that started it
		err := c.cmd.Start()
		started <- err
		if err == nil {
			_ = c.cmd.Wait() // its output says why it ended
		}
		_ = out.Close()
		close(c.done)
	}()
	return c, <-started
}

// cancelJob cancels a job again and again until it no longer runs or cancelTimeout is over, whatever
// Flink answers. A job that was being submitted appears late, so it looks again for a second if
// there is none.
func cancelJob(ctx context.Context, rest flinkREST, id string) error {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	var last error
	for absent := 0; absent < looksForAbsent; {
		switch state, err := rest.state(ctx, id); {
		case errors.Is(err, errNoJob):
			absent++
		case err != nil:
			absent, last = 0, err
		case !state.running():
			return nil
		default:
			absent, last = 0, nil
			if state != "CANCELLING" {
				last = rest.cancel(ctx, id)
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("it still runs after %s", cancelTimeout), last)
		case <-time.After(lookEvery):
		}
	}
	return nil
}

// lastLine returns the last line of a text that says something.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
