// Command pipeline embeds the reply chains of a list of subreddits and clusters
// them. See --help.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
)

// gcPercent keeps Go's heap small. Most of the memory is the model's, outside of
// it, and there is little garbage: collecting more often costs no time that shows.
const gcPercent = 40

func main() {
	if len(os.Args) > 1 && os.Args[1] == "queue" {
		os.Exit(queueCommand(os.Args[2:], os.Stdout, os.Stderr))
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
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	os.Exit(run(config))
}
