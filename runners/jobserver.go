package runners

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// jobServerTimeout bounds how long the job server may take until it listens. It is a JVM
// with 160 MB of classes, and the machine may be busy.
const jobServerTimeout = 2 * time.Minute

// jobServer is Beam's job server for Flink, a Java program. A watchdog starts it: a copy
// of this program that outlives this process, however that ends, and cleans up (see Watchdog).
type jobServer struct {
	endpoint string // 127.0.0.1:port
	watchdog *exec.Cmd
	stdin    io.WriteCloser
	log      string
	done     chan struct{} // closed when the watchdog has ended
}

// startJobServer returns when the job server listens.
func startJobServer(ctx context.Context, o Options) (s *jobServer, err error) {
	dir, err := os.MkdirTemp(o.StagingDir, "threadloom-flink-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir)) // the watchdog may have done it
		}
	}()
	ports, err := freePorts(2)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s = &jobServer{
		endpoint: "127.0.0.1:" + strconv.Itoa(ports[0]),
		log:      filepath.Join(dir, "job-server.log"), done: make(chan struct{}),
	}
	s.watchdog = exec.Command(self, append([]string{WatchdogCommand, dir, o.FlinkMaster, newJobID()}, javaCommand(o, dir, ports)...)...)
	s.watchdog.Stderr = os.Stderr
	// A process group of its own, so that Ctrl-C on the terminal reaches this process only.
	s.watchdog.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.stdin, err = s.watchdog.StdinPipe(); err != nil {
		return nil, err
	}
	if err := s.watchdog.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.watchdog.Wait() // we end it, or it has said on standard error why it ended
		close(s.done)
	}()
	if err := s.waitUntilItListens(ctx); err != nil {
		s.stop(true)
		return nil, err
	}
	return s, nil
}

// javaCommand is the command line of the job server.
func javaCommand(o Options, dir string, ports []int) []string {
	command := []string{"java", "-Xmx512m"}
	for _, name := range []string{"lang", "net", "nio", "util", "util.concurrent", "io", "math", "text", "time", "lang.reflect"} {
		command = append(command, "--add-opens=java.base/java."+name+"=ALL-UNNAMED")
	}
	return append(command,
		"-jar", o.JobServer, "--job-host=127.0.0.1", "--job-port="+strconv.Itoa(ports[0]),
		"--artifact-port="+strconv.Itoa(ports[1]), "--expansion-port=-1",
		"--flink-master="+o.FlinkMaster, "--artifacts-dir="+filepath.Join(dir, "artifacts"), "--flink-conf-dir="+dir,
	)
}

func (s *jobServer) waitUntilItListens(ctx context.Context) error {
	deadline := time.After(jobServerTimeout)
	for {
		c, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", s.endpoint)
		if err == nil {
			return c.Close()
		}
		select {
		case <-s.done:
			return errors.New("it ended at once")
		case <-deadline:
			return fmt.Errorf("it does not listen after %s", jobServerTimeout)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// stop ends the job server, and the job unless it is over.
func (s *jobServer) stop(over bool) {
	if over {
		_, _ = io.WriteString(s.stdin, jobIsOver) // fails if the watchdog has ended, which needs no message
	}
	_ = s.stdin.Close() // the watchdog waits for this
	<-s.done
}

// freePorts returns ports of the loopback device that nobody listens on now.
func freePorts(n int) (ports []int, err error) {
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, l.Close()) }()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
