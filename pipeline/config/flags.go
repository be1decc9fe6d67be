package config

import (
	"flag"
	"slices"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/runners" // registers --runner
	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/outputs"
)

// The groups of flags: headings of --help.
const (
	groupFiles    = "Input and output"
	groupModel    = "Model"
	groupWorkers  = "Remote workers"
	groupClusters = "Clustering"
	groupFlink    = "Flink (Beam's own flags are accepted, too)"
	groupWatch    = "Watching"
)

var groupNames = []string{groupFiles, groupModel, groupWorkers, groupClusters, groupFlink, groupWatch}

// groupKey is the annotation of a flag that names its group.
const groupKey = "threadloom_group"

// isOwn says whether a flag is the program's own and not Beam's or cobra's.
func isOwn(f *pflag.Flag) bool { return len(f.Annotations[groupKey]) > 0 }

// group adds flags under a heading of --help.
func group(all *pflag.FlagSet, name string, add func(*pflag.FlagSet)) {
	flags := newFlags()
	add(flags)
	flags.VisitAll(func(f *pflag.Flag) { f.Annotations = map[string][]string{groupKey: {name}} })
	all.AddFlagSet(flags)
}

// GroupsOf returns the program's own flags among some, in groups.
func GroupsOf(all *pflag.FlagSet) []*pflag.FlagSet {
	var groups []*pflag.FlagSet
	sorted := all.SortFlags
	all.SortFlags = false
	defer func() { all.SortFlags = sorted }()
	for _, name := range groupNames {
		flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
		flags.SortFlags = false
		all.VisitAll(func(f *pflag.Flag) {
			if isOwn(f) && f.Annotations[groupKey][0] == name {
				flags.AddFlag(f)
			}
		})
		if flags.HasFlags() {
			groups = append(groups, flags)
		}
	}
	return groups
}

// ForRun returns a configuration with the flags of a run, which are also those of the commands that
// look at what a run would do. Beam's packages register theirs on Go's global flag set; they are
// shared, so that their names are kept.
func ForRun() *Config {
	c := &Config{}
	all := newFlags()
	group(all, groupFiles, func(flags *pflag.FlagSet) {
		c.fileFlags(flags)
		flags.Var(list{values: &c.Keep}, "keep", "comma-separated `columns` to keep in the embeddings (default, and if empty: all scalar ones but the text)")
		flags.StringVar(&c.Check, "check", outputs.CheckExists, "`what` to look at of an output that is there: exists (nothing), footer (a corrupt one is embedded anew), fingerprint (so is one of another model, precision or input)")
		c.configFlag(flags)
		c.jsonFlag(flags)
	})
	group(all, groupModel, c.modelFlags)
	group(all, groupWorkers, c.workerFlags)
	group(all, groupClusters, c.clusterFlags)
	group(all, groupFlink, c.flinkFlags)
	group(all, groupWatch, c.watchFlags)
	all.AddGoFlagSet(flag.CommandLine)
	runner := all.Lookup("runner")
	runner.Usage, runner.Annotations = "`what` runs the pipeline: prism (this machine; the default) or flink", map[string][]string{groupKey: {groupFlink}}
	all.VisitAll(func(f *pflag.Flag) { f.Hidden = !isOwn(f) }) // from completion, too: Beam has dozens
	c.settings = &settings{flags: all, beams: flag.CommandLine}
	return c
}

// ForAssign returns a configuration with the flags of 'assign'.
func ForAssign() *Config {
	c := &Config{}
	all := newFlags()
	group(all, groupFiles, func(flags *pflag.FlagSet) {
		flags.StringVar(&c.Model, "model", "", "`folder` of the clusters' model, clusters/{suffix}/model of an earlier run")
		c.fileFlags(flags)
		c.configFlag(flags)
		c.jsonFlag(flags)
	})
	group(all, groupClusters, c.pythonFlag)
	// Elsewhere a setting of this name is the model that embeds.
	c.settings = &settings{flags: all, known: EverySetting(), apart: []string{"model"}}
	return c
}

// ForQueue returns a configuration with the flags of 'queue'.
func ForQueue() *Config {
	c := &Config{}
	all := newFlags()
	group(all, groupFiles, func(flags *pflag.FlagSet) {
		flags.StringVar(&c.Root, "root", "", "`folder` with threadloom.toml, if there is one")
		c.configFlag(flags)
		c.jsonFlag(flags)
	})
	group(all, groupWorkers, c.redisFlags)
	c.settings = &settings{flags: all, known: EverySetting()}
	return c
}

func newFlags() *pflag.FlagSet {
	flags := pflag.NewFlagSet("pipeline", pflag.ContinueOnError)
	flags.SortFlags = false // --help lists them in the order of their definition
	return flags
}

// EverySetting returns the flags of all commands, with Beam's.
func EverySetting() *pflag.FlagSet { return ForRun().settings.flags }

// Read takes in what is under the flags, once they are parsed: the environment (NAME=VALUE) and the
// settings' file.
func (c *Config) Read(environ func() []string) (err error) {
	if err := c.settings.read(environ); err != nil {
		return err
	}
	if c.settings.beams != nil {
		if c.Runner = c.settings.flags.Lookup("runner").Value.String(); c.Runner == "" {
			c.Runner = "prism"
		}
		c.Flink.Endpoint, c.Flink.Async = *jobopts.Endpoint, *jobopts.Async
	}
	if slices.Contains(c.Keep, c.TextColumn) {
		return WithOrigins(Usagef("--keep: the text column %q is not kept", c.TextColumn), c.From())
	}
	return nil
}

// WithoutURL returns an argument, or what stands in an error for one that may be a URL with
// a password.
func WithoutURL(argument string) string {
	if strings.Contains(argument, "://") {
		return "(a URL)"
	}
	return argument
}

// watchFlags say how to watch a run.
func (c *Config) watchFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Progress, "progress", ProgressAuto, "`how` to show progress on standard error: bar, log (a line every 30 s), none, or auto (bar on a terminal, else log)")
	flags.StringVar(&c.MetricsFile, "metrics_file", "", "`file` to write Prometheus metrics to, every 15 s and at the end; for node_exporter's textfile collector it ends in .prom")
	flags.StringVar(&c.MetricsAddr, "metrics_addr", "", "`[HOST]:PORT` to serve Prometheus metrics on, at /metrics; without HOST this machine alone sees them")
}

// configFlag names the settings' file.
func (c *Config) configFlag(flags *pflag.FlagSet) {
	flags.StringVar(&c.ConfigFile, "config", "", "`file` with settings in TOML, one for each flag (default {root}/threadloom.toml, if there is one)")
}

// fileFlags say where files are.
func (c *Config) fileFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Root, "root", "", "`folder` with subreddits_list.json and chains/; without it the bundled sample is used")
	flags.StringVar(&c.Suffix, "suffix", "comments", "`name` of the folder below chains/")
	flags.StringVar(&c.Subreddits, "subreddits", "", "`file` with the list of subreddits (default {root}/subreddits_list.json)")
	flags.StringVar(&c.ChainsDir, "chains_dir", "", "`folder` of the chains (default {root}/chains)")
	flags.StringVar(&c.EmbeddingsDir, "embeddings_dir", "", "`folder` for the embeddings (default {root}/embeddings)")
	flags.StringVar(&c.ClustersDir, "clusters_dir", "", "`folder` for the clusters (default {root}/clusters)")
	flags.StringVar(&c.TextColumn, "text_column", "text", "`name` of the text column")
	flags.StringVar(&c.Home, "home", "", "`folder` in which 'make setup' was run, with build/ and .venv/ (default: that of this program or one above it, where it was compiled, or the working directory)")
}

// flinkFlags are those of --runner=flink, beside Beam's own.
func (c *Config) flinkFlags(flags *pflag.FlagSet) {
	o := &c.Flink
	flags.StringVar(&o.FlinkMaster, "flink_master", "", "`HOST:PORT` of Flink's REST address, such as node1:8081")
	flags.StringVar(&o.JobServer, "flink_job_server", "", "`jar` of Beam's job server for Flink (default: the one that 'make flink' built)")
	flags.StringVar(&o.Boot, "flink_boot", "", "`path`, on Flink's machines, of the program that starts workers (default: the one that 'make flink' built)")
	flags.StringVar(&o.StagingDir, "staging_dir", "", "`folder` that Flink's machines see, too, for the worker binary (default {root})")
}

// workerFlags are those of the bridge to workers on other machines.
func (c *Config) workerFlags(flags *pflag.FlagSet) {
	c.MPSShare = autoShare
	flags.Var(shareFlag{&c.MPSShare}, "mps_share", "`share` of the files that workers on other machines (threadloom-worker) embed: 0 to 1, or auto, with which every file goes to whoever is free (default auto if --redis is given, else 0)")
	flags.Lookup("mps_share").DefValue = "" // its text says it
	flags.Var(list{values: &c.MPSSubreddits}, "mps_subreddits", "comma-separated `subreddits` of which workers embed all files (default, and if empty: none)")
	c.redisFlags(flags)
	flags.Var(list{&c.PathMap, true}, "path_map", "`FROM=TO`: what the workers' jobs call a folder of this machine (may be repeated)")
	c.ClaimTimeout, c.LostAfter = 10*time.Minute, 2*time.Minute
	flags.Var(duration{&c.ClaimTimeout}, "mps_claim_timeout", "`time` (90s, 1m30s, or seconds) after which a file that no worker has begun is embedded here")
	flags.Var(duration{&c.LostAfter}, "bridge_lost_after", "`time` (90s, 1m30s, or seconds) after which a file that Redis has forgotten is put into the list again")
}

// redisFlags say where the queue is.
func (c *Config) redisFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Redis, "redis", "redis://127.0.0.1:6379", "`URL` of the Redis between the pipeline and its workers (docs/redis.md); the password may be in THREADLOOM_REDIS_PASSWORD")
	flags.StringVar(&c.Queue, "queue", mpsbridge.DefaultQueue, "`name` of the list of jobs in Redis")
}

// modelFlags say what embeds, and how.
func (c *Config) modelFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Model, "model", "", "model `folder` (default: the one that 'make setup' exported)")
	flags.StringVar(&c.ONNXRuntimeLib, "onnxruntime_lib", "", "ONNX Runtime `library` (default: the one from 'make setup')")
	flags.StringVar(&c.NativeDir, "native_dir", "", "`folder` of the native libraries on the machines that embed (default {home}/build/lib)")
	flags.StringVar(&c.Precision, "precision", models.FP32, "`precision`: "+strings.Join(models.Precisions(), ", "))
	flags.StringVar(&c.Accelerator, "accelerator", models.CPU, "`device` that embeds: "+strings.Join(models.Accelerators(), ", "))
	flags.IntVar(&c.TokenBudget, "token_budget", 0, "`tokens` in one batch, padding included (default: measured at the start)")
	flags.StringVar(&c.LongText, "long_text", models.Truncate, "`what` becomes of texts longer than the model reads: truncate, or chunk (the mean of overlapping chunks)")
	flags.StringVar(&c.Prompt, "prompt", "", "`text` to put before every text, for models that want one")
	flags.IntVar(&c.DedupMB, "dedup_cache_mb", 32, "`megabytes` for vectors of texts seen before; 0 keeps none")
}

// clusterFlags say how the embeddings are clustered.
func (c *Config) clusterFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&c.Cluster, "cluster", true, "cluster the embeddings at the end")
	flags.StringVar(&c.ClusterBy, "cluster_by", "all", "`what` to cluster: all chains together, or each subreddit")
	flags.StringVar(&c.ClusterMethod, "cluster_method", ClusterMethods[0], "`method` of the clustering: "+strings.Join(ClusterMethods, ", ")+" (evoc: for very many chains; cuml: on an NVIDIA GPU with RAPIDS)")
	flags.Int64Var(&c.ClusterMinSize, "cluster_min_size", 0, "least `chains` of a cluster (default: by their number)")
	flags.Int64Var(&c.ClusterSample, "cluster_sample", 0, "`chains` that the clusters are found with, at most; the others are put beside them (default: 50000; evoc 200000, cuml 1000000)")
	flags.Int64Var(&c.ClusterSeed, "cluster_seed", 42, "random `seed` of the clustering")
	flags.StringVar(&c.ClusterAddress, "cluster_endpoint", "", "`HOST:PORT` of a clustering service that runs already (python -m threadloom.cluster.beam.server --listen)")
	c.pythonFlag(flags)
}

func (c *Config) pythonFlag(flags *pflag.FlagSet) {
	flags.StringVar(&c.Python, "python", "", "Python `interpreter` with threadloom[cluster] (default: {home}/.venv/bin/python)")
}

func (c *Config) jsonFlag(flags *pflag.FlagSet) {
	flags.BoolVar(&c.JSON, "json", false, "print the result as JSON on standard output")
}
