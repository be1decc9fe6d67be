// Command pipeline embeds the reply chains of a list of subreddits and clusters
// them. See --help.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
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
