package watch

import (
	"testing"

	"github.com/threadloom/threadloom/mpsbridge"
)

func TestProgressTellsTheSpeedOfEachLiveWorker(t *testing.T) {
	workers := []mpsbridge.WorkerStatus{
		{Name: "mac-1", Live: true, Rows: 100, RowsPerSecond: 812.4},
		{Name: "mac-2", Rows: 100, RowsPerSecond: 3},
		{Name: "mac-3", Live: true},
		{Name: "node-4", Live: true, Rows: 5, RowsPerSecond: 95},
	}
	p := Progress{Remote: func() string { return speedsText(workers) }}
	if got, want := p.by(State{Done: 3, workers: 3}), "workers (mac-1 812 rows/s, node-4 95 rows/s)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p.Remote = func() string { return "" }
	if got := p.by(State{Done: 3, workers: 3}); got != "workers" {
		t.Errorf("without an answer: %q", got)
	}
}
