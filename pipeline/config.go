package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/checkpoint"
)

// Config is what a run does, flags already read and checked.
type Config struct {
	Runner         string
	Root           string
	Suffix         string
	Subreddits     string // path of the checkpoint
	ChainsDir      string
	EmbeddingsDir  string
	ClustersDir    string
	TextColumn     string
	Keep           []string
	Model          string
	ONNXRuntimeLib string
	NativeDir      string
	Precision      string
	Accelerator    string
	TokenBudget    int
	LongText       string
	Check          string // how closely outputs that are there are looked at
	Prompt         string
	DedupMB        int
	MPSShare       float64
	MPSSubreddits  []string
	Redis          string
	Queue          string
	PathMap        []string
	ClaimTimeout   time.Duration
	LostAfter      time.Duration
	Cluster        bool
	ClusterBy      string
	ClusterMethod  string
	ClusterMinSize int64
	ClusterSample  int64
	ClusterSeed    int64
	Python         string
	ClusterAddress string // of a Python side that runs already
	Flink          runners.Options
	Progress       string // how it is shown
	MetricsFile    string
	MetricsAddr    string
	ConfigFile     string
	JSON           bool
	sample         bool     // no --root was given
	names          []string // of the subreddits
	settings       *settings
	Home           string
	home           home
}

// usageError is a wrong setting: exit code 2, one line.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func (e usageError) Unwrap() error { return e.error }

// Layout says where the run's files lie.
func (c *Config) Layout() transforms.Layout {
	l := transforms.NewLayout(c.Root, c.Suffix)
	if c.ChainsDir != "" {
		l.Chains = filepath.Join(c.ChainsDir, c.Suffix)
	}
	if c.EmbeddingsDir != "" {
		l.Embeddings = filepath.Join(c.EmbeddingsDir, c.Suffix)
	}
	return l
}

func (c *Config) engine() models.Config {
	return models.Config{
		Folder: c.Model, Library: c.ONNXRuntimeLib, NativeDir: c.NativeDir,
		Precision: c.Precision, Accelerator: c.Accelerator, TokenBudget: c.TokenBudget,
		LongText: c.LongText, Prompt: c.Prompt, DedupMB: c.DedupMB,
	}
}

func (c *Config) embedding() transforms.EmbedOptions {
	return transforms.EmbedOptions{
		Layout: c.Layout(), Model: c.engine(), TextColumn: c.TextColumn, Keep: c.Keep,
	}
}

func (c *Config) checking() transforms.CheckOptions {
	return transforms.CheckOptions{Kind: c.Check, Model: c.engine()}
}

func (c *Config) partition() transforms.PartitionOptions {
	return transforms.PartitionOptions{Share: c.bridgedShare(), Subreddits: c.MPSSubreddits}
}

func (c *Config) bridge() transforms.BridgeOptions {
	runner, err := runners.Named(c.Runner, c.Flink) // check has refused an unknown one
	return transforms.BridgeOptions{
		Embed: c.embedding(), Redis: c.Redis, Queue: c.Queue, PathMap: c.PathMap,
		ClaimTimeout: c.ClaimTimeout, LostAfter: c.LostAfter, Spread: err == nil && !runner.InProcess(),
	}
}

func (c *Config) clusters() string {
	if c.ClustersDir != "" {
		return filepath.Join(c.ClustersDir, c.Suffix)
	}
	return filepath.Join(c.Root, "clusters", c.Suffix)
}

// complete fills in what follows from other settings and checks all of them
// before anything runs.
func (c *Config) complete() error {
	err := c.fill()
	if err == nil {
		err = c.check()
	}
	return withOrigins(err, c.from())
}

// fill fills in what follows from other settings.
func (c *Config) fill() error {
	if err := c.findHome(); err != nil {
		return err
	}
	repo := c.Home
	if c.Root == "" {
		c.sample, c.Root, c.Suffix = true, filepath.Join(repo, "build", "sample"), "sample"
		if _, err := os.Stat(c.Root); err != nil {
			return usagef("no --root given and the bundled sample is not set up: run 'make setup', or give --root DIR%s", c.home.missing())
		}
	}
	for _, dir := range []*string{&c.Root, &c.ChainsDir, &c.EmbeddingsDir, &c.ClustersDir, &c.Model, &c.NativeDir, &c.ONNXRuntimeLib} {
		if *dir == "" {
			continue
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return usageError{err}
		}
		*dir = abs
	}
	if c.Subreddits == "" {
		c.Subreddits = filepath.Join(c.Root, "subreddits_list.json")
	}
	if c.Model == "" {
		c.Model = filepath.Join(repo, "build", "models", "all-MiniLM-L6-v2")
	}
	if c.NativeDir == "" {
		c.NativeDir = filepath.Join(repo, "build", "lib")
	}
	if c.Python == "" {
		c.Python = filepath.Join(repo, ".venv", "bin", "python")
	}
	if c.Flink.JobServer == "" {
		c.Flink.JobServer = filepath.Join(repo, "build", "flink", "job-server.jar")
	}
	if c.Flink.Boot == "" {
		c.Flink.Boot = filepath.Join(repo, "build", "flink", "boot")
	}
	if c.Flink.StagingDir == "" {
		c.Flink.StagingDir = c.Root // every machine sees it
	}
	return nil
}

func (c *Config) check() error {
	runner, err := runners.Named(c.Runner, c.Flink)
	if err != nil {
		return usagef("--runner: %w", err)
	}
	if !filepath.IsLocal(c.Suffix) {
		return usagef("--suffix %q: want a folder name", c.Suffix)
	}
	if c.ClusterBy != "all" && c.ClusterBy != "subreddit" {
		return usagef("--cluster_by %q: want all or subreddit", c.ClusterBy)
	}
	if err := c.checkClustering(); err != nil {
		return err
	}
	if c.LongText != models.Truncate && c.LongText != models.Chunk {
		return usagef("--long_text %q: want truncate or chunk", c.LongText)
	}
	if !slices.Contains(transforms.Checks(), c.Check) {
		return usagef("--check %q: want one of %s", c.Check, strings.Join(transforms.Checks(), ", "))
	}
	if c.DedupMB < 0 {
		return usagef("--dedup_cache_mb %d: want 0 or more", c.DedupMB)
	}
	if c.TokenBudget < 0 {
		return usagef("--token_budget %d: want a positive number", c.TokenBudget)
	}
	for _, check := range []func() error{c.checkProgress, c.checkMetrics, c.checkBridge} {
		if err := check(); err != nil {
			return err
		}
	}
	if info, err := os.Stat(c.Layout().Chains); err != nil || !info.IsDir() {
		return usagef("no chains folder %s: check --root and --suffix", c.Layout().Chains)
	}
	if c.names, err = checkpoint.Read(c.Subreddits); err != nil {
		return usagef("%w (--subreddits names the list)", err)
	}
	if runner.InProcess() || c.partition().Bridged() {
		if err := c.checkModel(); err != nil { // elsewhere the machines that embed do
			return err
		}
	}
	if _, err := os.Stat(c.NativeDir); err != nil && runner.InProcess() && c.ONNXRuntimeLib == "" {
		return usagef("--native_dir %s: no such folder: run 'make setup', or name the folder of the libraries%s", c.NativeDir, c.home.missing())
	}
	if !slices.Contains(models.Precisions(), c.Precision) {
		return usagef("--precision %q: want one of %s", c.Precision, strings.Join(models.Precisions(), ", "))
	}
	if !slices.Contains(models.Accelerators(), c.Accelerator) {
		return usagef("--accelerator %q: want one of %s", c.Accelerator, strings.Join(models.Accelerators(), ", "))
	}
	if c.Cluster && c.ClusterAddress == "" && c.Flink.Async {
		return usagef("--async: the clustering ends with this program; name one that stays with --cluster_endpoint, or skip it with --cluster=false")
	}
	if c.Cluster && c.ClusterAddress == "" {
		if _, err := os.Stat(c.Python); err != nil {
			return usagef("--python %s: no such file: run 'make setup', or skip clustering with --cluster=false%s", c.Python, c.home.missing())
		}
	}
	for _, check := range []func() error{c.checkBridged, c.checkKept} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := runner.Check(context.Background()); err != nil {
		return usageError{err}
	}
	return nil
}

// checkModel looks for what the engine needs on this machine.
func (c *Config) checkModel() error {
	if _, err := os.Stat(filepath.Join(c.Model, "manifest.json")); err != nil {
		return usagef("--model %s: %w: run 'make setup', or make one with 'python -m threadloom.export'%s", c.Model, models.ErrNoModel, c.home.missing())
	}
	if c.ONNXRuntimeLib != "" {
		if _, err := os.Stat(c.ONNXRuntimeLib); err != nil {
			return usagef("--onnxruntime_lib %s: no such file", c.ONNXRuntimeLib)
		}
	}
	return nil
}

// clusterMethods are those of the Python side (cluster/methods.py), the default first.
var clusterMethods = []string{"hdbscan", "evoc", "cuml"}

func (c *Config) checkClustering() error {
	switch {
	case !slices.Contains(clusterMethods, c.ClusterMethod):
		return usagef("--cluster_method %q: want one of %s", c.ClusterMethod, strings.Join(clusterMethods, ", "))
	case c.ClusterMinSize < 0 || c.ClusterMinSize == 1:
		return usagef("--cluster_min_size %d: want 2 or more", c.ClusterMinSize)
	case c.ClusterSample < 0:
		return usagef("--cluster_sample %d: want more than 0", c.ClusterSample)
	case c.ClusterSeed < 0 || c.ClusterSeed > math.MaxUint32:
		return usagef("--cluster_seed %d: want 0 to %d", c.ClusterSeed, uint32(math.MaxUint32))
	}
	return nil
}
