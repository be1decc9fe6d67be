// Package config is all that can be set: flags, environment, the settings' file, defaults, and whether
// they go together.
package config

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
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
	"github.com/threadloom/threadloom/transforms/remote"
	"github.com/threadloom/threadloom/transforms/subreddits"
)

// Config is what a run does, flags already read and checked.
type Config struct {
	Runner         string
	Root           string
	Suffix         string
	Subreddits     string // path of the list
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
	Sample         bool     // no --root was given
	Names          []string // of the subreddits
	settings       *settings
	Home           string
	home           home
}

// UsageError is a wrong setting: exit code 2, one line.
type UsageError struct{ error }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

func (e UsageError) Unwrap() error { return e.error }

// Layout says where the run's files lie.
func (c *Config) Layout() layout.Layout {
	l := layout.New(c.Root, c.Suffix)
	if c.ChainsDir != "" {
		l.Chains = filepath.Join(c.ChainsDir, c.Suffix)
	}
	if c.EmbeddingsDir != "" {
		l.Embeddings = filepath.Join(c.EmbeddingsDir, c.Suffix)
	}
	return l
}

// Engine says what embeds, and how.
func (c *Config) Engine() models.Config {
	return models.Config{
		Folder: c.Model, Library: c.ONNXRuntimeLib, NativeDir: c.NativeDir,
		Precision: c.Precision, Accelerator: c.Accelerator, TokenBudget: c.TokenBudget,
		LongText: c.LongText, Prompt: c.Prompt, DedupMB: c.DedupMB,
	}
}

// Embedding says how files are embedded.
func (c *Config) Embedding() embedding.Options {
	return embedding.Options{
		Layout: c.Layout(), Model: c.Engine(), TextColumn: c.TextColumn, Keep: c.Keep,
	}
}

// Checking says how closely an output that exists is looked at.
func (c *Config) Checking() outputs.CheckOptions {
	return outputs.CheckOptions{Kind: c.Check, Model: c.Engine()}
}

// Partition says which files workers on other machines may have.
func (c *Config) Partition() transforms.PartitionOptions {
	return transforms.PartitionOptions{Share: c.bridgedShare(), Subreddits: c.MPSSubreddits}
}

// Bridge says how files reach those workers.
func (c *Config) Bridge() remote.Options {
	runner, err := runners.Named(c.Runner, c.Flink) // check has refused an unknown one
	return remote.Options{
		Embed: c.Embedding(), Redis: c.Redis, Queue: c.Queue, PathMap: c.PathMap,
		ClaimTimeout: c.ClaimTimeout, LostAfter: c.LostAfter, Spread: err == nil && !runner.InProcess(),
	}
}

// Clusters is the folder of the clusters.
func (c *Config) Clusters() string {
	if c.ClustersDir != "" {
		return filepath.Join(c.ClustersDir, c.Suffix)
	}
	return filepath.Join(c.Root, "clusters", c.Suffix)
}

// Complete fills in what follows from other settings and checks all of them
// before anything runs.
func (c *Config) Complete() error {
	err := c.Fill()
	if err == nil {
		err = c.Validate()
	}
	return WithOrigins(err, c.From())
}

// Fill fills in what follows from other settings.
func (c *Config) Fill() error {
	if err := c.findHome(); err != nil {
		return err
	}
	repo := c.Home
	if c.Root == "" {
		c.Sample, c.Root, c.Suffix = true, filepath.Join(repo, "build", "sample"), "sample"
		if _, err := os.Stat(c.Root); err != nil {
			return Usagef("no --root given and the bundled sample is not set up: run 'make setup', or give --root DIR%s", c.home.missing())
		}
	}
	for _, dir := range []*string{&c.Root, &c.ChainsDir, &c.EmbeddingsDir, &c.ClustersDir, &c.Model, &c.NativeDir, &c.ONNXRuntimeLib} {
		if *dir == "" {
			continue
		}
		abs, err := filepath.Abs(*dir)
		if err != nil {
			return UsageError{err}
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

// Validate refuses wrong settings before anything runs.
func (c *Config) Validate() error {
	runner, err := runners.Named(c.Runner, c.Flink)
	if err != nil {
		return Usagef("--runner: %w", err)
	}
	if !filepath.IsLocal(c.Suffix) {
		return Usagef("--suffix %q: want a folder name", c.Suffix)
	}
	if c.ClusterBy != "all" && c.ClusterBy != "subreddit" {
		return Usagef("--cluster_by %q: want all or subreddit", c.ClusterBy)
	}
	if err := c.checkClustering(); err != nil {
		return err
	}
	if c.LongText != models.Truncate && c.LongText != models.Chunk {
		return Usagef("--long_text %q: want truncate or chunk", c.LongText)
	}
	if !slices.Contains(outputs.Checks(), c.Check) {
		return Usagef("--check %q: want one of %s", c.Check, strings.Join(outputs.Checks(), ", "))
	}
	if c.DedupMB < 0 {
		return Usagef("--dedup_cache_mb %d: want 0 or more", c.DedupMB)
	}
	if c.TokenBudget < 0 {
		return Usagef("--token_budget %d: want a positive number", c.TokenBudget)
	}
	for _, check := range []func() error{c.checkProgress, c.checkMetrics, c.checkBridge} {
		if err := check(); err != nil {
			return err
		}
	}
	if info, err := os.Stat(c.Layout().Chains); err != nil || !info.IsDir() {
		return Usagef("no chains folder %s: check --root and --suffix", c.Layout().Chains)
	}
	if c.Names, err = subreddits.Read(c.Subreddits); err != nil {
		return Usagef("%w (--subreddits names the list)", err)
	}
	if runner.InProcess() || c.Partition().Bridged() {
		if err := c.checkModel(); err != nil { // elsewhere the machines that embed do
			return err
		}
	}
	if _, err := os.Stat(c.NativeDir); err != nil && runner.InProcess() && c.ONNXRuntimeLib == "" {
		return Usagef("--native_dir %s: no such folder: run 'make setup', or name the folder of the libraries%s", c.NativeDir, c.home.missing())
	}
	if !slices.Contains(models.Precisions(), c.Precision) {
		return Usagef("--precision %q: want one of %s", c.Precision, strings.Join(models.Precisions(), ", "))
	}
	if !slices.Contains(models.Accelerators(), c.Accelerator) {
		return Usagef("--accelerator %q: want one of %s", c.Accelerator, strings.Join(models.Accelerators(), ", "))
	}
	if c.Cluster && c.ClusterAddress == "" && c.Flink.Async {
		return Usagef("--async: the clustering ends with this program; name one that stays with --cluster_endpoint, or skip it with --cluster=false")
	}
	if c.Cluster && c.ClusterAddress == "" {
		if _, err := os.Stat(c.Python); err != nil {
			return Usagef("--python %s: no such file: run 'make setup', or skip clustering with --cluster=false%s", c.Python, c.home.missing())
		}
	}
	for _, check := range []func() error{c.checkBridged, c.checkKept} {
		if err := check(); err != nil {
			return err
		}
	}
	if err := runner.Check(context.Background()); err != nil {
		return UsageError{err}
	}
	return nil
}

// checkModel looks for what the engine needs on this machine.
func (c *Config) checkModel() error {
	if _, err := os.Stat(filepath.Join(c.Model, "manifest.json")); err != nil {
		return Usagef("--model %s: %w: run 'make setup', or make one with 'python -m threadloom.export'%s", c.Model, models.ErrNoModel, c.home.missing())
	}
	if c.ONNXRuntimeLib != "" {
		if _, err := os.Stat(c.ONNXRuntimeLib); err != nil {
			return Usagef("--onnxruntime_lib %s: no such file", c.ONNXRuntimeLib)
		}
	}
	return nil
}

// ClusterMethods are those of the Python side (cluster/methods/registry.py), the default first.
var ClusterMethods = []string{"hdbscan", "evoc", "cuml"}

func (c *Config) checkClustering() error {
	switch {
	case !slices.Contains(ClusterMethods, c.ClusterMethod):
		return Usagef("--cluster_method %q: want one of %s", c.ClusterMethod, strings.Join(ClusterMethods, ", "))
	case c.ClusterMinSize < 0 || c.ClusterMinSize == 1:
		return Usagef("--cluster_min_size %d: want 2 or more", c.ClusterMinSize)
	case c.ClusterSample < 0:
		return Usagef("--cluster_sample %d: want more than 0", c.ClusterSample)
	case c.ClusterSeed < 0 || c.ClusterSeed > math.MaxUint32:
		return Usagef("--cluster_seed %d: want 0 to %d", c.ClusterSeed, uint32(math.MaxUint32))
	}
	return nil
}
