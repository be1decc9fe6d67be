// Command pipeline embeds the reply chains of a list of subreddits and clusters
// them. See --help.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(models.GCPercent)
	}
	if slices.Contains(os.Args, "--worker=true") { // a cluster's machine runs us for a job
		flag.Parse()
		beam.Init() // does not return
	}
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "queue":
			os.Exit(queueCommand(os.Args[2:], os.Stdout, os.Stderr))
		case runners.GuardCommand:
			os.Exit(runners.Guard(os.Args[2:]))
		}
	}
	config, err := parseFlags(os.Args[1:], os.Stdout)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = config.complete()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(exitUsage)
	}
	os.Exit(run(config))
}
