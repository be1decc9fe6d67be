package runners

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"
)

// prismRunner runs in this process: Prism is started inside it and the DoFns run
// here, too (LOOPBACK). Nothing is downloaded.
type prismRunner struct{ o Options }

// InProcess matters because Prism (2.77) loses counts: of bundles that end at the
// same time as the first of their stage it keeps the last one's.
func (prismRunner) InProcess() bool { return true }

func (r prismRunner) Check(context.Context) error {
	if r.o.Async {
		return errors.New("--async: Prism runs in this program; leave it out")
	}
	return nil
}

func (prismRunner) Run(ctx context.Context, p *beam.Pipeline) (beam.PipelineResult, error) {
	before := loopbackFiles()
	defer removeNew(before)
	return untilDone(ctx, "Prism", p, prism.Execute)
}

// The SDK leaves an empty file in the temporary folder for each LOOPBACK job.
func loopbackFiles() map[string]bool {
	names, _ := filepath.Glob(filepath.Join(os.TempDir(), "beamloopbackworker-*")) // the pattern is valid
	found := make(map[string]bool, len(names))
	for _, n := range names {
		found[n] = true
	}
	return found
}

func removeNew(before map[string]bool) {
	for n := range loopbackFiles() {
		info, err := os.Stat(n)
		if !before[n] && err == nil && info.Size() == 0 {
			_ = os.Remove(n) // a leftover costs nothing
		}
	}
}
