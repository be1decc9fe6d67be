package runners

import (
	"errors"
	"testing"
)

func TestJobErrorFindsWhatTheStepSaid(t *testing.T) {
	for name, c := range map[string]struct{ err, want string }{
		"a DoFn in Go": {
			"job job-001 failed:\nbundle inst006 stage-008 failed:process bundle failed while executing Process for Plan[stage-008]:\n" +
				"2: ParDo[cluster.countFn] Out:[] Sig: func(context.Context, string, []uint8) error, SideInputs: []\n\tcaused by:\nsource failed\n\tcaused by:\n" +
				"DoFn[UID:2, PID:e13, Name: github.com/threadloom/threadloom/cluster.countFn] failed:\nclustering \"all\": no space left on device",
			`clustering "all": no space left on device`,
		},
		"a DoFn in Python": {
			"job job-001 failed:\nTraceback (most recent call last):\n  File \"common.py\", line 1, in process\n" +
				"numba.core.TypingError: no such type [while running 'External/Cluster']\n",
			"External/Cluster: no such type",
		},
		"something else": {"connection refused\nby the server", "connection refused\nby the server"},
	} {
		if got := jobError(errors.New(c.err)).Error(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
