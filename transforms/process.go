package transforms

import (
	"context"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/importer"
	"github.com/threadloom/threadloom/transforms/inflight"
)

// Process is what the steps of one process share.
type Process struct {
	Counts   *counters.Counts
	Reads    inflight.Reads
	Embedder *embedding.Embedder

	imports struct {
		sync.Mutex
		byChains map[string]*importer.Process
	}
}

// Import returns what the steps of this process share if they import into a chains folder. It reads the
// plan there at the first call.
func (p *Process) Import(chains string) (*importer.Process, error) {
	p.imports.Lock()
	defer p.imports.Unlock()
	if known := p.imports.byChains[chains]; known != nil {
		return known, nil
	}
	plan, err := importer.Load(chains)
	if err != nil {
		return nil, err
	}
	if p.imports.byChains == nil {
		p.imports.byChains = map[string]*importer.Process{}
	}
	p.imports.byChains[chains] = importer.NewProcess(plan)
	return p.imports.byChains[chains], nil
}

// newProcess returns what the steps of a process share. A program has one, a test may have several.
func newProcess() *Process {
	counts := counters.New()
	return &Process{Counts: counts, Reads: inflight.NewReads(), Embedder: embedding.New(counts)}
}

// thisProcess is the only Process of a program. It is a package variable, the only one, because
// Beam makes the DoFns from serialised data, so that nobody can hand it to them.
var thisProcess = newProcess()

// ThisProcess returns what the steps of this process share, for steps and for those who watch them.
// The packages below the steps get parts of it as arguments.
func ThisProcess() *Process { return thisProcess }

// setFolderAside writes a dead letter for a folder that cannot be listed. Its files are left for
// a later run.
func (p *Process) setFolderAside(ctx context.Context, deadLetters, step, folder string, err error) error {
	log.Warnf(ctx, "dead letter: %q: %s", folder, deadletter.Reason(err))
	p.Count(ctx, counters.FilesDeadLettered, 1)
	return deadletter.Append(deadLetters, deadletter.OfFolder(folder, step, err))
}
