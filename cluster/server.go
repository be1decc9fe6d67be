package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// startTimeout is long: importing its libraries takes a busy machine or a cold disk more than a minute.
	startTimeout = 5 * time.Minute
	stopTimeout  = 5 * time.Second
)

// Server is the Python side, a child process. It ends when its standard input
// does, so it never outlives this process, however this one ends.
type Server struct {
	Addr  string // 127.0.0.1:port
	cmd   *exec.Cmd
	stdin io.Closer
	done  chan struct{}
}

// Start runs python -m threadloom.cluster.beam.server and waits until it listens.
func Start(ctx context.Context, python string) (*Server, error) {
	cmd := exec.Command(python, "-m", "threadloom.cluster.beam.server")
	cmd.Stderr = os.Stderr
	// Another process group, because this process handles Ctrl-C on the terminal.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, inErr := cmd.StdinPipe()
	stdout, outErr := cmd.StdoutPipe()
	err := errors.Join(inErr, outErr)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, fmt.Errorf("starting the clustering: %w", err)
	}
	s := &Server{cmd: cmd, stdin: stdin, done: make(chan struct{})}
	ready := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(stdout).ReadString('\n') // an error means no ready line
		ready <- line
		_ = cmd.Wait() // we end it, or it failed and has said so on standard error
		close(s.done)
	}()
	select {
	case line := <-ready:
		addr, ok := strings.CutPrefix(strings.TrimSpace(line), "ready ")
		if !ok {
			s.Stop()
			return nil, fmt.Errorf("starting the clustering: %s -m threadloom.cluster.beam.server ended: is threadloom[cluster] installed? ('make setup')", python)
		}
		s.Addr = addr
		return s, nil
	case <-time.After(startTimeout):
		s.Stop()
		return nil, fmt.Errorf("starting the clustering: %s -m threadloom.cluster.beam.server did not listen within %s", python, startTimeout)
	case <-ctx.Done():
		s.Stop()
		return nil, ctx.Err()
	}
}

// Stop ends the process. It may be called more than once, and on nil.
func (s *Server) Stop() {
	if s == nil {
		return
	}
	_ = s.stdin.Close() // closed already by an earlier Stop
	select {
	case <-s.done:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
		<-s.done
	}
}
