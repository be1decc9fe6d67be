package job

import (
	"bytes"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/cluster"
)

func TestFilesLeftOutMakeExitCode3(t *testing.T) {
	first := []cluster.LeftOut{{File: "a.parquet", Part: "file", Reason: "why"}}
	for _, c := range []struct {
		code  int
		count int64
		want  int
		lines int
	}{
		{ExitDone, 0, ExitDone, 0},
		{ExitDone, 1, ExitDeadLetters, 1},
		{ExitDeadLetters, 1, ExitDeadLetters, 1},
		{ExitDeadLetters, 0, ExitDeadLetters, 0},
		{ExitFailed, 1, ExitFailed, 0},
		{130, 1, 130, 0},
	} {
		var errs bytes.Buffer
		if got := reportLeftOut(c.code, &errs, c.count, first, "left_out.json"); got != c.want {
			t.Errorf("code %d with %d files left out became %d, want %d", c.code, c.count, got, c.want)
		}
		if lines := strings.Count(errs.String(), "\n"); lines != c.lines || c.lines > 0 && !strings.Contains(errs.String(), "a.parquet: why") {
			t.Errorf("code %d with %d files left out said %q", c.code, c.count, errs.String())
		}
	}
}

func TestARunThatClustersNothingFails(t *testing.T) {
	s := &summary{FilesLeftOut: 2, LeftOut: []cluster.LeftOut{{File: "a.parquet", Reason: "why"}}}
	if err := nothingClustered(s, map[string]int64{"clustered_files": 1}); err != nil {
		t.Errorf("a run with a clustered file fails: %v", err)
	}
	err := nothingClustered(s, map[string]int64{})
	if err == nil || !strings.Contains(err.Error(), "a.parquet: why") || strings.Contains(err.Error(), "\n") {
		t.Errorf("without any file it says %v", err)
	}
	if err := nothingClustered(&summary{}, map[string]int64{}); err != nil {
		t.Errorf("a run without clustering fails: %v", err)
	}
}
