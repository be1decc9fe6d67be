package watch

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/version"
)

// metricsEvery is how often the metrics' file is written.
const metricsEvery = 15 * time.Second

// Metrics exports what a run counts: to a file, over HTTP, or both, or not at all.
type Metrics struct {
	registry *prometheus.Registry
	file     string
	server   *http.Server
	done     chan struct{}
	writing  sync.WaitGroup
	run      *runCollector
}

// StartMetrics begins to export what look counts. It fails if it cannot listen on the address.
func StartMetrics(c config.Watching, suffix string, engine models.Config, look func() map[string]int64, start time.Time) (*Metrics, error) {
	m := &Metrics{
		registry: prometheus.NewRegistry(), file: c.MetricsFile, done: make(chan struct{}),
		run: &runCollector{suffix: suffix, engine: engine, look: look, start: start},
	}
	if err := m.registry.Register(m.run); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	if c.MetricsAddr != "" {
		if err := m.listen(c.MetricsAddr); err != nil {
			return nil, err
		}
	}
	if m.file != "" {
		if err := prometheus.WriteToTextfile(m.file, m.registry); err != nil {
			return nil, config.Usagef("--metrics_file: %w", errors.Join(err, m.Stop(nil)))
		}
		m.writing.Go(m.keepWriting)
	}
	return m, nil
}

func (m *Metrics) listen(address string) error {
	if strings.HasPrefix(address, ":") {
		address = "127.0.0.1" + address
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return config.Usagef("--metrics_addr: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{}))
	m.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = m.server.Serve(listener) }() // until it is closed
	return nil
}

func (m *Metrics) keepWriting() {
	tick := time.NewTicker(metricsEvery)
	defer tick.Stop()
	for {
		select {
		case <-m.done:
			return
		case <-tick.C:
			if err := prometheus.WriteToTextfile(m.file, m.registry); err != nil {
				slog.Warn("the metrics cannot be written", "error", err)
			}
		}
	}
}

// Stop ends the export. end adds what is known of the run's end; nil: it did not begin.
func (m *Metrics) Stop(end *RunEnd) (err error) {
	close(m.done)
	m.writing.Wait()
	if end != nil && m.file != "" {
		m.run.end.Store(end)
		err = prometheus.WriteToTextfile(m.file, m.registry)
	}
	if m.server != nil {
		err = errors.Join(err, m.server.Close())
	}
	return err
}

// RunEnd is how a run ended.
type RunEnd struct {
	Counts map[string]int64
	Code   int
	At     time.Time
}

// runCollector is a run as metrics. All have the label suffix, so that the files of
// several runs can lie side by side.
type runCollector struct {
	suffix string
	engine models.Config
	look   func() map[string]int64
	start  time.Time
	end    atomic.Pointer[RunEnd]
}

// Describe sends nothing, because the counters are not known before they are collected.
func (r *runCollector) Describe(chan<- *prometheus.Desc) {}

// Collect sends the metrics.
func (r *runCollector) Collect(to chan<- prometheus.Metric) {
	end := r.end.Load()
	send := func(kind prometheus.ValueType, name, help string, value float64, labels ...string) {
		keys, values := []string{"suffix"}, []string{r.suffix}
		for i := 0; i < len(labels); i += 2 {
			keys, values = append(keys, labels[i]), append(values, labels[i+1])
		}
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc("threadloom_"+name, help, keys, nil), kind, value, values...)
	}
	counts := r.look
	if end != nil {
		counts = func() map[string]int64 { return end.Counts }
		send(prometheus.GaugeValue, "run_ended_timestamp_seconds", "When the run ended, in seconds since 1970.", seconds(end.At))
		send(prometheus.GaugeValue, "run_exit_code", "The exit code of the run.", float64(end.Code))
	}
	for name, n := range counts() {
		if strings.Contains(name, " ") {
			continue // it is of one process, whose name would make a new metric each night
		}
		send(prometheus.CounterValue, name+"_total", "In this run: "+strings.ReplaceAll(name, "_", " ")+".", float64(n))
	}
	if rows, known := transforms.ThisProcess().Embedder.RowsLeft(); known {
		send(prometheus.GaugeValue, "rows_left", "Rows that are still to be embedded, about.", float64(rows))
	}
	send(prometheus.GaugeValue, "run_started_timestamp_seconds", "When the run began, in seconds since 1970.", seconds(r.start))
	send(prometheus.CounterValue, "embedding_seconds_total", "For how long files were open in this process.", transforms.ThisProcess().Embedder.Time().Seconds())
	send(prometheus.GaugeValue, "build_info", "1, with the program's version.", 1, "version", version.Version)
	if e := models.Opened(r.engine); e != nil {
		send(prometheus.GaugeValue, "engine_info", "1, with what embeds in this process.", 1, "backend", e.Backend.Name, "precision", e.Backend.Precision)
	}
}

func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
