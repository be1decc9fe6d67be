package watch

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
)

func TestMetricsAreWrittenAtTheStartAndAtTheEnd(t *testing.T) {
	c := config.Watching{MetricsFile: filepath.Join(t.TempDir(), "threadloom.prom")}
	look := func() map[string]int64 { return map[string]int64{"files_done": 1} }
	m, err := StartMetrics(c, "posts", models.Config{}, look, time.Unix(1000, 0))
	if err != nil {
		t.Fatal(err)
	}
	has := func(want ...string) {
		t.Helper()
		b, err := os.ReadFile(c.MetricsFile)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range want {
			if !strings.Contains(string(b), line+"\n") {
				t.Errorf("no %q in:\n%s", line, b)
			}
		}
	}
	has(`threadloom_files_done_total{suffix="posts"} 1`, `threadloom_run_started_timestamp_seconds{suffix="posts"} 1000`, "# TYPE threadloom_files_done_total counter")
	counts := map[string]int64{"files_done": 2, "files_of node1:7 onnxruntime-cpu fp32": 2}
	if err := m.Stop(&RunEnd{counts, 3, time.Unix(1060, 0)}); err != nil {
		t.Fatal(err)
	}
	has(`threadloom_files_done_total{suffix="posts"} 2`, `threadloom_run_exit_code{suffix="posts"} 3`, `threadloom_run_ended_timestamp_seconds{suffix="posts"} 1060`)
	if left, _ := os.ReadDir(filepath.Dir(c.MetricsFile)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}

func TestAnAddressInUseIsRefusedInOneLine(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_, err = StartMetrics(config.Watching{MetricsAddr: ":" + port}, "posts", models.Config{}, nil, time.Now())
	if err == nil || !strings.Contains(err.Error(), "--metrics_addr") || strings.Contains(err.Error(), "\n") {
		t.Fatalf("error %v", err)
	}
}
