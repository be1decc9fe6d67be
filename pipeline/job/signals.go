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

// signals follows SIGINT and SIGTERM: the first stops the work in good order, the second ends the
// program immediately.
type signals struct {
	first   chan struct{} // closed by the first signal
	sig     syscall.Signal
	stopped chan struct{} // closed when the work has been told to stop
}

// watchSignals calls stop at the first signal. It prints what stop returns, which says what stop does.
func watchSignals(console io.Writer, stop func() string) *signals {
	s := &signals{first: make(chan struct{}), stopped: make(chan struct{})}
	incoming := make(chan os.Signal, 2)
	signal.Notify(incoming, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		s.sig = (<-incoming).(syscall.Signal)
		close(s.first) // before the work can end because of it
		doing := stop()
		close(s.stopped)
		_, _ = fmt.Fprintf(console, "%v: %s; again to stop immediately\n", s.sig, doing)
		again := (<-incoming).(syscall.Signal)
		os.Exit(128 + int(again))
	}()
	return s
}

// drain lets the open files finish, and lets no others begin.
func drain() string {
	return fmt.Sprintf("finishing %d open files", transforms.ThisProcess().Embedder.Drain())
}

// cancelWhenDrained ends the job once no file is open after the first signal.
func (s *signals) cancelWhenDrained(cancel context.CancelFunc) {
	<-s.stopped
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

// interruption reports whether an error says only that the run was interrupted. A run that fails
// for another reason must say so, even if a signal came.
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
	// Beam passes on only the text of an error inside a job.
	for _, text := range []string{embedding.ErrInterrupted.Error(), context.Canceled.Error()} {
		if strings.Contains(err.Error(), text) {
			return true
		}
	}
	return false
}
