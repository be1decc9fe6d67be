package config

import (
	"net"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// What --progress takes.
const (
	progressAuto = "auto" // bars on a terminal, else log
	ProgressBar  = "bar"
	progressLog  = "log" // a line now and then
	ProgressNone = "none"
)

func progresses() []string { return []string{progressAuto, ProgressBar, progressLog, ProgressNone} }

// Watching says how to watch a run.
type Watching struct {
	Progress    string
	MetricsFile string
	MetricsAddr string
}

func (w *Watching) addFlags(flags *pflag.FlagSet) {
	w.addProgress(flags)
	flags.StringVar(&w.MetricsFile, "metrics_file", "", "`file` to write Prometheus metrics to, every 15 s and at the end; for node_exporter's textfile collector it ends in .prom")
	flags.StringVar(&w.MetricsAddr, "metrics_addr", "", "`[HOST]:PORT` to serve Prometheus metrics on, at /metrics; without HOST only this machine can read them")
}

func (w *Watching) addProgress(flags *pflag.FlagSet) {
	choice(flags, &w.Progress, "progress", progresses(), "`how` to show progress on standard error: bar, log (a line every 30 s), none, or auto (bar on a terminal, else log)")
}

// check settles what auto means, and refuses what cannot work.
func (w *Watching) check() error {
	if err := checkChoice("progress", w.Progress, progresses()); err != nil {
		return err
	}
	terminal := term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
	switch {
	case w.Progress == ProgressBar && !terminal:
		return Usagef("--progress=bar: standard error is not a terminal: use --progress=log, which writes lines")
	case w.Progress == progressAuto && terminal:
		w.Progress = ProgressBar
	case w.Progress == progressAuto:
		w.Progress = progressLog
	}
	if w.MetricsFile != "" {
		if info, err := os.Stat(filepath.Dir(w.MetricsFile)); err != nil || !info.IsDir() {
			return Usagef("--metrics_file %s: there is no such folder", w.MetricsFile)
		}
	}
	if w.MetricsAddr != "" {
		if _, _, err := net.SplitHostPort(w.MetricsAddr); err != nil {
			return Usagef("--metrics_addr %q: want [HOST]:PORT", w.MetricsAddr)
		}
	}
	return nil
}
