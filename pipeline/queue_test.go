package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/pipeline/job"
)

func TestQueueRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, args := range [][]string{{"flush"}, {"show", "/d/bad.parquet"}, {"--colour"}, {"--redis=node1:6379"}, {"--redis=redis://user:secret@127.0.0.1:1"}} {
		var errs bytes.Buffer
		if code := execute(append([]string{"queue"}, args...), io.Discard, &errs); code != job.ExitUsage {
			t.Errorf("%v: exit code %d", args, code)
		}
		if strings.Count(errs.String(), "\n") != 1 || strings.Contains(errs.String(), "secret") {
			t.Errorf("%v: want one line without the password: %q", args, errs.String())
		}
	}
	var help bytes.Buffer
	if code := execute([]string{"queue", "--help"}, &help, io.Discard); code != job.ExitDone || !strings.Contains(help.String(), "-redis") {
		t.Errorf("--help: %d, %q", code, help.String())
	}
}
