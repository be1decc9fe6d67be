package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/subreddits"
)

const assignUsage = `Usage: go run ./pipeline assign --model=DIR [flags]

Puts embedded chains, such as the next month's, into the clusters of an earlier run:
nothing is fitted, labels and names stay. Files with vectors of another model or
precision are left out, with exit code 3. It says how much more is noise than when the clusters were found: where that
grows, cluster anew. Writes assigned.parquet and assigned.json into the clusters' folder. If a run is at work there, it
ends with exit code 4.

  go run ./pipeline --root=/data --suffix=2026-12 --cluster=false
  go run ./pipeline assign --root=/data --suffix=2026-12 --model=/data/clusters/2026-11/model

Flags:
`

// assignFlags are those of a run that say where files are, and the model's.
func assignFlags(c *Config) *flag.FlagSet {
	flags := flag.NewFlagSet("assign", flag.ContinueOnError)
	flags.StringVar(&c.Model, "model", "", "`folder` of the clusters' model, clusters/{suffix}/model of an earlier run")
	placeFlags(flags, c)
	configFlag(flags, &c.ConfigFile)
	flags.BoolVar(&c.JSON, "json", false, "print JSON on standard output")
	return flags
}

// assignCommand runs 'pipeline assign' and returns the exit code.
func assignCommand(args []string, out, errs io.Writer) int {
	c, err := parseAssign(args, out)
	var a cluster.Assignment
	if err == nil {
		a, err = assign(c, out)
	}
	return reportLeftOut(failed(err, errs), errs, a.FilesLeftOut, a.LeftOut[:min(len(a.LeftOut), leftOutNamed)], c.clusters()+"/assigned.json")
}

func parseAssign(args []string, out io.Writer) (Config, error) {
	c := Config{}
	flags := assignFlags(&c)
	flags.SetOutput(io.Discard)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, assignUsage)
		flags.SetOutput(out)
		flags.PrintDefaults()
		fmt.Fprint(out, underFlagsText)
		return c, err
	case err != nil:
		return c, usagef("assign: %w (--help lists the flags)", err)
	case flags.NArg() > 0:
		return c, usagef("assign: unknown argument %q (--help lists the flags)", withoutURL(flags.Arg(0)))
	case c.Model == "": // elsewhere a setting of this name is the model that embeds
		return c, usagef("assign: --model is missing: name the folder clusters/{suffix}/model of an earlier run")
	}
	from, err := underFlags(flags, os.LookupEnv, others{known: withBeams(runFlags(&Config{})), apart: []string{"model"}})
	if err != nil {
		return c, err
	}
	c.settings = &settings{own: flags, all: flags, bound: &c, from: from}
	return c, withOrigins(c.completeAssign(), from)
}

// completeAssign fills in what follows from other settings, and checks them.
func (c *Config) completeAssign() (err error) {
	if err := c.fill(); err != nil {
		return err
	}
	if c.names, err = subreddits.Read(c.Subreddits); err != nil {
		return usagef("%w (--subreddits names the list)", err)
	}
	if _, err := os.Stat(c.Python); err != nil {
		return usagef("--python %s: no such file: run 'make setup'%s", c.Python, c.home.missing())
	}
	return nil
}

func assign(c Config, out io.Writer) (a cluster.Assignment, err error) {
	files, err := transforms.Embedded(c.Layout(), c.names)
	if err != nil {
		return a, err
	}
	if len(files) == 0 {
		return a, withOrigins(usagef("nothing is embedded in %s: check --root and --suffix, or run the pipeline on it first, with --cluster=false", c.Layout().Embeddings), c.from())
	}
	held, err := takeLeases(c.clusters()) // a run writes there, too
	if err != nil {
		return a, err
	}
	defer held.release()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	held.whenLost(ctx, stop)
	a, err = cluster.Assign(ctx, c.Python, c.Model, c.clusters(), held.of(c.clusters()).Path(), c.TextColumn, files)
	if lost := held.held(); lost != nil {
		return a, lost
	}
	if err != nil {
		return a, err
	}
	if c.JSON {
		return a, json.NewEncoder(out).Encode(a)
	}
	_, err = io.WriteString(out, assignText(c, a))
	return a, err
}

// assignText is an assignment for readers.
func assignText(c Config, a cluster.Assignment) string {
	var b strings.Builder
	fmt.Fprintf(&b, "assigned  %d rows of %d files in %.1f s\n", a.Rows, a.Files, a.Seconds)
	fmt.Fprintf(&b, "noise     %.1f %%; %.1f %% of rows like those that the clusters were found with\n", 100*a.NoiseShare, 100*a.FittedNoiseShare)
	for _, k := range a.Clusters {
		fmt.Fprintf(&b, "%9d  %4.1f %%, then %4.1f %%  %s\n", k.Rows, 100*k.Share, 100*k.FittedShare, k.Name)
	}
	for _, w := range a.Warnings {
		fmt.Fprintf(&b, "warning   %s\n", w)
	}
	fmt.Fprintf(&b, "labels    %s/assigned.parquet\n", c.clusters())
	return b.String()
}
