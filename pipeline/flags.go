package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners" // registers --runner
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms"
)

const runIntro = `Usage: go run ./pipeline [COMMAND] [flags]

Embeds the reply chains of a list of subreddits and clusters them. Files whose
embeddings exist are skipped, so a run that was stopped goes on where it was.

  go run ./pipeline --runner=prism                              the bundled sample
  go run ./pipeline --runner=prism --root=/data --suffix=2026   chains in /data/chains/2026/
  go run ./pipeline --runner=flink --flink_master=node1:8081 --root=/data --suffix=2026

Commands; without one it runs. Each has --help:

`

// runUsage is what a run's --help begins with.
func runUsage() string {
	return runIntro + commandsText() + "\nFlags (Beam's own are accepted, too):\n"
}

// runFlags are the flags of a run, and of the commands that look at what a run would do.
func runFlags(c *Config) *flag.FlagSet {
	own := flag.NewFlagSet("pipeline", flag.ContinueOnError)
	placeFlags(own, c)
	own.Var(list{values: &c.Keep}, "keep", "comma-separated `columns` to keep in the embeddings (default, and if empty: all scalar ones but the text)")
	own.StringVar(&c.Model, "model", "", "model `folder` (default: the one that 'make setup' exported)")
	own.StringVar(&c.ONNXRuntimeLib, "onnxruntime_lib", "", "ONNX Runtime `library` (default: the one from 'make setup')")
	own.StringVar(&c.NativeDir, "native_dir", "", "`folder` of the native libraries on the machines that embed (default {home}/build/lib)")
	own.StringVar(&c.Precision, "precision", models.FP32, "`precision`: "+strings.Join(models.Precisions(), ", "))
	own.StringVar(&c.Accelerator, "accelerator", models.CPU, "`device` that embeds: "+strings.Join(models.Accelerators(), ", "))
	own.IntVar(&c.TokenBudget, "token_budget", 0, "`tokens` in one batch, padding included (default: measured at the start)")
	own.StringVar(&c.LongText, "long_text", models.Truncate, "`what` becomes of texts longer than the model reads: truncate, or chunk (the mean of overlapping chunks)")
	own.StringVar(&c.Prompt, "prompt", "", "`text` to put before every text, for models that want one")
	own.IntVar(&c.DedupMB, "dedup_cache_mb", 32, "`megabytes` for vectors of texts seen before; 0 keeps none")
	own.StringVar(&c.Check, "check", transforms.CheckExists, "`what` to look at of an output that is there: exists (nothing), footer (a corrupt one is embedded anew), fingerprint (so is one of another model, precision or input)")
	bridgeFlags(own, c)
	own.BoolVar(&c.Cluster, "cluster", true, "cluster the embeddings at the end")
	own.StringVar(&c.ClusterBy, "cluster_by", "all", "`what` to cluster: all chains together, or each subreddit")
	own.StringVar(&c.ClusterMethod, "cluster_method", clusterMethods[0], "`method` of the clustering: "+strings.Join(clusterMethods, ", ")+" (evoc: for very many chains; cuml: on an NVIDIA GPU with RAPIDS)")
	own.Int64Var(&c.ClusterMinSize, "cluster_min_size", 0, "least `chains` of a cluster (default: by their number)")
	own.Int64Var(&c.ClusterSample, "cluster_sample", 0, "`chains` that the clusters are found with, at most; the others are put beside them (default: 50000; evoc 200000, cuml 1000000)")
	own.Int64Var(&c.ClusterSeed, "cluster_seed", 42, "random `seed` of the clustering")
	own.StringVar(&c.ClusterAddress, "cluster_endpoint", "", "`HOST:PORT` of a clustering service that runs already (python -m threadloom.cluster.beam.server --listen)")
	flinkFlags(own, &c.Flink)
	watchFlags(own, c)
	configFlag(own, &c.ConfigFile)
	own.BoolVar(&c.JSON, "json", false, "print the result as JSON on standard output")
	return own
}

// parseFlags reads the command line of a command that takes a run's flags, and under it the
// environment and the settings' file; usage is what its --help begins with. Beam's flags
// are registered on Go's global flag set by its packages; they are shared, so that their
// names are kept.
func parseFlags(usage string, args []string, out io.Writer) (Config, error) {
	c := &Config{}
	own := runFlags(c)
	all := withBeams(own)
	err := all.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, usage)
		own.SetOutput(out)
		own.PrintDefaults()
		fmt.Fprint(out, underFlagsText)
		return *c, err
	case err != nil:
		return *c, usagef("%w (--help lists the flags)", err)
	case all.NArg() > 0:
		return *c, usagef("unknown argument %q (--help lists the flags)", withoutURL(all.Arg(0)))
	}
	from, err := underFlags(all, os.LookupEnv, others{})
	if err != nil {
		return *c, err
	}
	c.Runner = all.Lookup("runner").Value.String()
	if c.Runner == "" {
		c.Runner = "prism"
	}
	c.Flink.Endpoint, c.Flink.Async = *jobopts.Endpoint, *jobopts.Async
	if slices.Contains(c.Keep, c.TextColumn) {
		return *c, withOrigins(usagef("--keep: the text column %q is not kept", c.TextColumn), from)
	}
	// Beam asks whether the global flags were parsed.
	if err := flag.CommandLine.Parse(nil); err != nil {
		return *c, usageError{err}
	}
	c.settings = &settings{own: own, all: all, bound: c, from: from}
	return *c, nil
}

// withBeams returns a command's flags and those of Beam's that it has no flag like.
func withBeams(own *flag.FlagSet) *flag.FlagSet {
	all := flag.NewFlagSet("pipeline", flag.ContinueOnError)
	all.SetOutput(io.Discard)
	own.VisitAll(func(f *flag.Flag) { all.Var(f.Value, f.Name, f.Usage) })
	flag.CommandLine.VisitAll(func(f *flag.Flag) {
		if own.Lookup(f.Name) == nil {
			all.Var(f.Value, f.Name, f.Usage)
		}
	})
	return all
}

// withoutURL returns an argument, or what stands in an error for one that may be a URL with
// a password.
func withoutURL(argument string) string {
	if strings.Contains(argument, "://") {
		return "(a URL)"
	}
	return argument
}

// watchFlags say how to watch a run.
func watchFlags(own *flag.FlagSet, c *Config) {
	own.StringVar(&c.Progress, "progress", progressAuto, "`how` to show progress on standard error: bar, log (a line every 30 s), none, or auto (bar on a terminal, else log)")
	own.StringVar(&c.MetricsFile, "metrics_file", "", "`file` to write Prometheus metrics to, every 15 s and at the end; for node_exporter's textfile collector it ends in .prom")
	own.StringVar(&c.MetricsAddr, "metrics_addr", "", "`[HOST]:PORT` to serve Prometheus metrics on, at /metrics; without HOST this machine alone sees them")
}

// configFlag names the settings' file.
func configFlag(own *flag.FlagSet, file *string) {
	own.StringVar(file, "config", "", "`file` with settings in TOML, one for each flag (default {root}/threadloom.toml, if there is one)")
}

// placeFlags say where files are, and with what Python they are clustered.
func placeFlags(own *flag.FlagSet, c *Config) {
	own.StringVar(&c.Root, "root", "", "`folder` with subreddits_list.json and chains/; without it the bundled sample is used")
	own.StringVar(&c.Suffix, "suffix", "comments", "`name` of the folder below chains/")
	own.StringVar(&c.Subreddits, "subreddits", "", "`file` with the list of subreddits (default {root}/subreddits_list.json)")
	own.StringVar(&c.ChainsDir, "chains_dir", "", "`folder` of the chains (default {root}/chains)")
	own.StringVar(&c.EmbeddingsDir, "embeddings_dir", "", "`folder` for the embeddings (default {root}/embeddings)")
	own.StringVar(&c.ClustersDir, "clusters_dir", "", "`folder` for the clusters (default {root}/clusters)")
	own.StringVar(&c.TextColumn, "text_column", "text", "`name` of the text column")
	own.StringVar(&c.Python, "python", "", "Python `interpreter` with threadloom[cluster] (default: {home}/.venv/bin/python)")
	own.StringVar(&c.Home, "home", "", "`folder` in which 'make setup' was run, with build/ and .venv/ (default: that of this program or one above it, where it was compiled, or the working directory)")
}

// flinkFlags are those of --runner=flink, beside Beam's own.
func flinkFlags(own *flag.FlagSet, o *runners.Options) {
	own.StringVar(&o.FlinkMaster, "flink_master", "", "`HOST:PORT` of Flink's REST address, such as node1:8081")
	own.StringVar(&o.JobServer, "flink_job_server", "", "`jar` of Beam's job server for Flink (default: the one that 'make flink' built)")
	own.StringVar(&o.Boot, "flink_boot", "", "`path`, on Flink's machines, of the program that starts workers (default: the one that 'make flink' built)")
	own.StringVar(&o.StagingDir, "staging_dir", "", "`folder` that Flink's machines see, too, for the worker binary (default {root})")
}

// bridgeFlags are those of the bridge to workers on other machines.
func bridgeFlags(own *flag.FlagSet, c *Config) {
	c.MPSShare = autoShare
	own.Var(shareFlag{&c.MPSShare}, "mps_share", "`share` of the files that workers on other machines (threadloom-worker) embed: 0 to 1, or auto, with which every file goes to whoever is free (default auto if --redis is given, else 0)")
	own.Var(list{values: &c.MPSSubreddits}, "mps_subreddits", "comma-separated `subreddits` of which workers embed all files (default, and if empty: none)")
	redisFlags(own, &c.Redis, &c.Queue)
	own.Var(list{&c.PathMap, true}, "path_map", "`FROM=TO`: what the workers' jobs call a folder of this machine (may be repeated)")
	c.ClaimTimeout, c.LostAfter = 10*time.Minute, 2*time.Minute
	own.Var(duration{&c.ClaimTimeout}, "mps_claim_timeout", "`time` (90s, 1m30s, or seconds) after which a file that no worker has begun is embedded here")
	own.Var(duration{&c.LostAfter}, "bridge_lost_after", "`time` (90s, 1m30s, or seconds) after which a file that Redis has forgotten is put into the list again")
}

// redisFlags say where the queue is.
func redisFlags(own *flag.FlagSet, redis, queue *string) {
	own.StringVar(redis, "redis", "redis://127.0.0.1:6379", "`URL` of the Redis between the pipeline and its workers (docs/redis.md); the password may be in THREADLOOM_REDIS_PASSWORD")
	own.StringVar(queue, "queue", mpsbridge.DefaultQueue, "`name` of the list of jobs in Redis")
}
