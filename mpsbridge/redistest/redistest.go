// Package redistest gives tests a server of their own that speaks the protocol of Redis.
package redistest

import (
	"context"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout bounds how long a server may take to answer.
const startTimeout = 10 * time.Second

// Server is a server on this machine.
type Server struct {
	Address string // HOST:PORT
	t       testing.TB
	program string
	folder  string
	process *exec.Cmd
}

// New starts a server with an append-only file. The server ends with the test.
// Without a server on this machine the test is skipped.
func New(t testing.TB) *Server {
	t.Helper()
	program, err := find(chosen())
	if err != nil {
		t.Skip(err)
	}
	t.Logf("with %s", program)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, program: program, Address: l.Addr().String(), folder: t.TempDir()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// URL is the server's address as Threadloom's flags want it.
func (s *Server) URL() string { return "redis://" + s.Address }

// Start starts the server, with the data that an earlier start left on its disk.
func (s *Server) Start() {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = exec.Command(
		s.program, "--port", port, "--bind", "127.0.0.1", "--dir", s.folder,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning",
	)
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.Address})
	defer func() { _ = client.Close() }()
	for end := time.Now().Add(startTimeout); client.Ping(context.Background()).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s does not answer", s.program)
		}
	}
}

// Kill ends the server without a warning.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may be dead already
	_ = s.process.Wait()
}
