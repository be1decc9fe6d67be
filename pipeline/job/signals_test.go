package job

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/lease"
	"github.com/threadloom/threadloom/transforms/embedding"
)

func TestASignalHidesNoErrorThatIsNotItsOwn(t *testing.T) {
	full := errors.New("writing the dead letters: no space left on device")
	stopped := &signals{first: make(chan struct{}), sig: syscall.SIGTERM}
	close(stopped.first)
	running := &signals{first: make(chan struct{})}
	for name, c := range map[string]struct {
		stop *signals
		err  error
		want int
	}{
		"no signal":                        {running, full, ExitFailed},
		"a signal":                         {stopped, nil, 143},
		"what it causes":                   {stopped, context.Canceled, 143},
		"what it causes in a job":          {stopped, fmt.Errorf("running on Prism: %w", errors.New("job 1: "+embedding.ErrInterrupted.Error())), 143},
		"what it causes over a connection": {stopped, errors.New("rpc error: code = Canceled desc = context canceled"), 143},
		"both of them":                     {stopped, errors.Join(context.Canceled, embedding.ErrInterrupted), 143},
		"another error":                    {stopped, full, ExitFailed},
		"another error beside its own":     {stopped, fmt.Errorf("ending: %w", errors.Join(context.Canceled, full)), ExitFailed},
		"a wrong setting":                  {stopped, config.Usagef("%w", full), ExitUsage},
		"another run":                      {stopped, fmt.Errorf("%w: process 1", lease.ErrHeld), ExitOtherRun},
	} {
		if got := report(config.ForRun(), c.stop, c.err, 0); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}
