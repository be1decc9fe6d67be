package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/threadloom/threadloom/transforms"
)

// stopper follows SIGINT and SIGTERM: the first finishes the open files, the
// second ends the program at once.
type stopper struct {
	first chan struct{} // closed by the first signal
	sig   syscall.Signal
}

func watchSignals() *stopper {
	s := &stopper{first: make(chan struct{})}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s.sig = (<-signals).(syscall.Signal)
		open := transforms.Drain()
		close(s.first)
		_, _ = fmt.Fprintf(console, "%v: finishing %d open files; again to stop at once\n", s.sig, open)
		again := (<-signals).(syscall.Signal)
		os.Exit(128 + int(again))
	}()
	return s
}

// cancelWhenDrained ends the job once no file is open after the first signal.
func (s *stopper) cancelWhenDrained(cancel context.CancelFunc) {
	<-s.first
	transforms.WaitDrained()
	cancel()
}

func (s *stopper) received() syscall.Signal {
	select {
	case <-s.first:
		return s.sig
	default:
		return 0
	}
}
