package config

import (
	"net"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/term"
)

// What --progress takes.
const (
	ProgressAuto = "auto" // bars on a terminal, else log
	ProgressBar  = "bar"
	ProgressLog  = "log" // a line now and then
	ProgressNone = "none"
)

// checkProgress settles what auto means, and refuses bars where there is no terminal.
func (c *Config) checkProgress() error {
	if !slices.Contains([]string{ProgressAuto, ProgressBar, ProgressLog, ProgressNone}, c.Progress) {
		return Usagef("--progress %q: want auto, bar, log or none", c.Progress)
	}
	terminal := term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb"
	switch {
	case c.Progress == ProgressBar && !terminal:
		return Usagef("--progress=bar: standard error is no terminal; --progress=log writes lines")
	case c.Progress == ProgressAuto && terminal:
		c.Progress = ProgressBar
	case c.Progress == ProgressAuto:
		c.Progress = ProgressLog
	}
	return nil
}

// checkMetrics refuses what cannot work.
func (c *Config) checkMetrics() error {
	if c.MetricsFile != "" {
		if info, err := os.Stat(filepath.Dir(c.MetricsFile)); err != nil || !info.IsDir() {
			return Usagef("--metrics_file %s: there is no such folder", c.MetricsFile)
		}
	}
	if c.MetricsAddr != "" {
		if _, _, err := net.SplitHostPort(c.MetricsAddr); err != nil {
			return Usagef("--metrics_addr %q: want [HOST]:PORT", c.MetricsAddr)
		}
	}
	return nil
}
