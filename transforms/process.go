package transforms

import (
	"sync"

	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/importer"
)

// Process is what the steps of one process share.
type Process struct {
	Counts *counters.Counts

	imports struct {
		sync.Mutex
		byChains map[string]*importer.Process
	}
}

// Import returns what this process has of the import whose plan lies in a chains folder.
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

// NewProcess returns what the steps of a process share. A program has one, a test may have several.
func NewProcess() *Process { return &Process{Counts: counters.New()} }

// thisProcess is the only one that a program has. It is a package variable because Beam makes
// the DoFns, from what it has serialised, so that nobody can hand it to them.
var thisProcess = NewProcess()

// ThisProcess returns what the steps of this process share, for DoFns and for whoever watches them.
// Whatever is below the steps gets it, or a part of it, as an argument.
func ThisProcess() *Process { return thisProcess }
