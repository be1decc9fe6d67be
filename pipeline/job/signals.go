package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/embedding"
)

// signals follows SIGINT and SIGTERM: the first finishes the open files, the
// second ends the program at once.
type signals struct {
	first chan struct{} // closed by the first signal
	sig   syscall.Signal
}

func watchSignals(console io.Writer) *signals {
	s := &signals{first: make(chan struct{})}
	incoming := make(chan os.Signal, 2)
	signal.Notify(incoming, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s.sig = (<-incoming).(syscall.Signal)
		open := transforms.ThisProcess().Embedder.Drain()
		close(s.first)
		_, _ = fmt.Fprintf(console, "%v: finishing %d open files; again to stop at once\n", s.sig, open)
		again := (<-incoming).(syscall.Signal)
		os.Exit(128 + int(again))
	}()
	return s
}

// cancelWhenDrained ends the job once no file is open after the first signal.
func (s *signals) cancelWhenDrained(cancel context.CancelFunc) {
	<-s.first
	transforms.ThisProcess().Embedder.WaitDrained()
	cancel()
}

func (s *signals) received() syscall.Signal {
	select {
	case <-s.first:
		return s.sig
	default:
		return 0
	}
}

// interruption reports whether an error says nothing but that the run was interrupted.
// Whatever else a run fails with has to be told, though a signal came, too.
func interruption(err error) bool {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		for _, e := range joined.Unwrap() {
			if !interruption(e) {
				return false
			}
		}
		return true
	}
	if err == nil || errors.Is(err, context.Canceled) {
		return true
	}
	// Beam hands on the text only of an error inside a job.
	for _, text := range []string{embedding.ErrInterrupted.Error(), context.Canceled.Error()} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
