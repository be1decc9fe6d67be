// Command pipeline embeds the reply chains of a list of subreddits and clusters
// them. See --help.
package main

import (
	"flag"
	"os"
	"runtime/debug"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms/embedding"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(models.GCPercent)
	}
	if slices.Contains(os.Args, "--worker=true") { // a cluster's machine runs us for a job
		flag.Parse()
		beam.Init() // does not return
	}
	if len(os.Args) > 1 && os.Args[1] == runners.WatchdogCommand {
		os.Exit(runners.Watchdog(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == embedding.IsolatedCommand {
		embedding.EmbedIsolated(os.Stdin, os.Stdout) // does not return
	}
	if len(os.Args) > 1 && os.Args[1] == models.TextsCommand {
		os.Exit(failed(models.EmbedTexts(os.Stdin, os.Stdout), os.Stderr))
	}
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}
