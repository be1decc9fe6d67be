package runners

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
)

// prismRunner runs in this process: Prism is started inside it and the DoFns run
// here, too (LOOPBACK). Nothing is downloaded.
type prismRunner struct{ o Options }

// InProcess is true. Callers rely on it because Prism (2.77) loses counts: if several
// bundles end at the same time as the first of their stage, it keeps only the last one's.
func (prismRunner) InProcess() bool { return true }

func (r prismRunner) Check(context.Context) error {
	if r.o.Async {
		return errors.New("--async: Prism runs in this program; leave it out")
	}
	return nil
}

func (prismRunner) Run(ctx context.Context, p *beam.Pipeline) (result beam.PipelineResult, err error) {
	restore, err := ownTemp()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	// Beam (2.77) has no setting for the address.
	slog.Info("Prism listens on all interfaces while this runs: keep the machine behind a firewall (docs/security.md)")
	return untilDone(ctx, "Prism", p, prism.Execute)
}

// ownTemp makes a temporary folder for this run, because the SDK leaves a file for each
// LOOPBACK job under a name that it does not tell. restore removes the folder. Another run
// must not lose such a file while it starts, so each run has a folder of its own.
func ownTemp() (restore func() error, err error) {
	old, was := os.LookupEnv("TMPDIR")
	folder, err := os.MkdirTemp("", "threadloom-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %w", err)
	}
	restore = func() error {
		if was {
			err = os.Setenv("TMPDIR", old)
		} else {
			err = os.Unsetenv("TMPDIR")
		}
		return errors.Join(err, os.RemoveAll(folder))
	}
	return restore, os.Setenv("TMPDIR", folder)
}
