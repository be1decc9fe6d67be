// Package redistest gives tests a redis-server of their own.
package redistest

import (
	"context"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout bounds how long a redis-server may take to answer.
const startTimeout = 10 * time.Second

// Server is a redis-server on this machine.
type Server struct {
	Address string // HOST:PORT
	t       testing.TB
	folder  string
	process *exec.Cmd
}

// New starts one with an append-only file; it ends with the test. Without
// redis-server the test is skipped on a laptop and fails in CI.
func New(t testing.TB) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("no redis-server: install it")
		}
		t.Skip("no redis-server on this machine")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Address: l.Addr().String(), folder: t.TempDir()}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Kill)
	return s
}

// URL is the server's address as Threadloom's flags want it.
func (s *Server) URL() string { return "redis://" + s.Address }

// Start starts the server, again with what is on its disk.
func (s *Server) Start() {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.process = exec.Command(
		"redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", s.folder,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--loglevel", "warning",
	)
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	client := redis.NewClient(&redis.Options{Addr: s.Address})
	defer func() { _ = client.Close() }()
	for end := time.Now().Add(startTimeout); client.Ping(context.Background()).Err() != nil; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatal("redis-server does not answer")
		}
	}
}

// Kill ends the server without a warning.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may be dead already
	_ = s.process.Wait()
}
