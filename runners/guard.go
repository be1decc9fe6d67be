package runners

import (
	"context"
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
	// GuardCommand is the first argument with which the program runs Guard.
	GuardCommand = "guard-flink-job"
	// jobIsOver is what a driver says whose job needs no cancelling.
	jobIsOver = "over\n"
	// cancelTimeout bounds how long Flink may take to cancel a job.
	cancelTimeout = 30 * time.Second
)

// flinkConf is what holds for our jobs on any cluster: a task that fails, or whose
// machine dies, is started again; what it has finished is there and is skipped.
const flinkConf = `restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 3
restart-strategy.fixed-delay.delay: 5 s
`

// Guard runs the job server until standard input ends, which it does when the
// driver ends, even by SIGKILL. Then it cancels the job, unless the driver has said
// that it is over, ends the job server and removes its folder. It returns the exit code.
//
// args: the folder, Flink's HOST:PORT, the job's name, the job server's command.
func Guard(args []string) int {
	if len(args) < 4 {
		fmt.Fprintln(os.Stderr, "error: this command is for the program itself")
		return 2
	}
	dir, rest, name, command := args[0], flinkREST(args[1]), args[2], args[3:]
	defer func() { _ = os.RemoveAll(dir) }() // what is left lies in a temporary folder
	ctx := context.Background()
	before := map[string]bool{}
	if jobs, err := rest.jobs(ctx); err == nil {
		for _, j := range jobs {
			before[j.ID] = true
		}
	}
	server, err := startServer(dir, command)
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
			cancelJobs(ctx, rest, jobPrefix(name), before)
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

// startServer starts the job server, its output in a file of dir.
func startServer(dir string, command []string) (*child, error) {
	if err := os.WriteFile(filepath.Join(dir, "flink-conf.yaml"), []byte(flinkConf), 0o644); err != nil {
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

// cancelJobs cancels the jobs of a name that were not there before, until none runs.
// One that was being submitted appears late: it looks again for some seconds.
func cancelJobs(ctx context.Context, rest flinkREST, prefix string, before map[string]bool) {
	ctx, stop := context.WithTimeout(ctx, cancelTimeout)
	defer stop()
	for quiet := 0; quiet < 4 && ctx.Err() == nil; quiet++ {
		jobs, err := rest.jobs(ctx)
		if err != nil {
			fmt.Fprintln(os.Stderr, "error: cancelling the job on Flink:", err)
			return
		}
		for _, j := range jobs {
			if before[j.ID] || !strings.HasPrefix(j.Name, prefix) || !j.running() {
				continue
			}
			quiet = 0
			if j.State != "CANCELLING" {
				_ = rest.cancel(ctx, j.ID) // tried again in a moment
			}
		}
		time.Sleep(250 * time.Millisecond)
	}
}

// jobPrefix is how Beam begins the name of a job on Flink.
func jobPrefix(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '0'
	}, strings.ToLower(name))
}

// lastLine returns the last line of a text that says something.
func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
