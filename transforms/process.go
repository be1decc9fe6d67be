package transforms

import "github.com/threadloom/threadloom/transforms/counters"

// Process is what the steps of one process share.
type Process struct {
	Counts *counters.Counts
}

// NewProcess returns what the steps of a process share. A program has one, a test may have several.
func NewProcess() *Process { return &Process{Counts: counters.New()} }

// thisProcess is the only one that a program has. It is a package variable because Beam makes
// the DoFns, from what it has serialised, so that nobody can hand it to them.
var thisProcess = NewProcess()

// ThisProcess returns what the steps of this process share, for DoFns and for whoever watches them.
// Whatever is below the steps gets it, or a part of it, as an argument.
func ThisProcess() *Process { return thisProcess }
