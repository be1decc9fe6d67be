package queue

import (
	"strings"
	"testing"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
)

const (
	badJob   = `{"input_path":"/d/bad.parquet","output_path":"/e/bad.parquet"}`
	worseJob = `{"input_path":"/d/worse.parquet","output_path":"/e/worse.parquet"}`
)

func TestQueueTextTellsWhoHasWhatAndWhyJobsAreDead(t *testing.T) {
	text := statusText("q", mpsbridge.Status{
		Todo: 3, Delayed: 1,
		Workers: []mpsbridge.WorkerStatus{{
			Name: "mac-1", Live: true, Seen: 2 * time.Second, Rows: 1200, RowsPerSecond: 81.6,
			Jobs: []mpsbridge.ActiveJob{{Job: badJob, Age: 90 * time.Second}},
		}, {Name: "mac-2", Seen: time.Hour}},
		Dead: []mpsbridge.DeadJob{{Job: worseJob, Attempts: 3, Worker: "mac-2", Code: "damaged", Reason: "no\nfooter"}, {Code: "\x1b[2J", Job: "\x1b[2J" + strings.Repeat("x", 1000)}},
	})
	for _, want := range []string{
		"todo      3\n", "delayed   1", "  mac-1  live, seen 2s ago, 1200 rows, 82 rows/s\n", "    /d/bad.parquet  begun 1m30s ago\n",
		"  mac-2  lost, seen 1h0m0s ago\n", "dead      2\n", `  /d/worse.parquet  3 attempts, the last by mac-2: damaged: "no\nfooter"` + "\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if strings.Contains(text, "\x1b") || len(text) > 1000 {
		t.Errorf("a hostile job is shown as it is: %q", text)
	}
}

func TestDeadJobsAreChosenByInput(t *testing.T) {
	dead := []mpsbridge.DeadJob{{Job: badJob}, {Job: worseJob}}
	for name, c := range map[string]struct {
		inputs, want []string
	}{
		"all": {nil, []string{badJob, worseJob}},
		"one": {[]string{"/d/worse.parquet"}, []string{worseJob}},
	} {
		got, err := deadJobs(dead, c.inputs)
		if err != nil || strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if got, err := deadJobs(dead, []string{"/d/bad.parquet", "/d/good.parquet"}); err == nil || !strings.Contains(err.Error(), "/d/good.parquet") {
		t.Errorf("a file without a dead job: %v, %v", got, err)
	}
}
