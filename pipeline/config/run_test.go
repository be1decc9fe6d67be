package config

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// goodConfig is a configuration that complete accepts, with files of its own.
func goodConfig(t *testing.T) Config {
	t.Helper()
	root := t.TempDir()
	for path, content := range map[string]string{
		"subreddits_list.json":   `["tea"]`,
		"chains/test/tea/x":      "",
		"model/manifest.json":    "{}",
		"lib/libonnxruntime.so":  "",
		"venv/bin/python":        "",
		"elsewhere/test/tea/x":   "",
		"empty_list.json":        `[]`,
		"wrong_subreddits.json":  `["../tea"]`,
		"no_subreddits_here.txt": `tea`,
	} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return Config{
		Runner: "prism", Root: root, Suffix: "test", TextColumn: "text", Cluster: true, ClusterBy: "all", ClusterMethod: "hdbscan",
		Precision: "fp32", Accelerator: "cpu", LongText: "truncate", Check: "exists", Progress: "none", Model: filepath.Join(root, "model"), ONNXRuntimeLib: filepath.Join(root, "lib", "libonnxruntime.so"),
		Python: filepath.Join(root, "venv", "bin", "python"),
	}
}

func TestCompleteFillsInThePaths(t *testing.T) {
	c := goodConfig(t)
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(c.Root, "subreddits_list.json"); c.Subreddits != want {
		t.Errorf("list of subreddits %s, want %s", c.Subreddits, want)
	}
	if want := filepath.Join(c.Root, "clusters", "test"); c.Clusters() != want {
		t.Errorf("clusters %s, want %s", c.Clusters(), want)
	}
	elsewhere := filepath.Join(c.Root, "elsewhere")
	c.ChainsDir, c.EmbeddingsDir, c.ClustersDir = elsewhere, elsewhere+"/e", elsewhere+"/c"
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	l := c.Layout()
	if l.Chains != elsewhere+"/test" || l.Embeddings != elsewhere+"/e/test" || c.Clusters() != elsewhere+"/c/test" {
		t.Errorf("layout %+v, clusters %s", l, c.Clusters())
	}
}

func TestWrongSettingsAreRefusedInOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Config)
		want  string
	}{
		"runner":              {func(c *Config) { c.Runner = "spark" }, "--runner"},
		"suffix":              {func(c *Config) { c.Suffix = "../x" }, "--suffix"},
		"suffix not there":    {func(c *Config) { c.Suffix = "other" }, "check --root and --suffix"},
		"root":                {func(c *Config) { c.Root += "/missing" }, "check --root and --suffix"},
		"list":                {func(c *Config) { c.Subreddits = c.Root + "/missing.json" }, "--subreddits"},
		"list of other names": {func(c *Config) { c.Subreddits = c.Root + "/wrong_subreddits.json" }, "--subreddits"},
		"list that is text":   {func(c *Config) { c.Subreddits = c.Root + "/no_subreddits_here.txt" }, "--subreddits"},
		"cluster by":          {func(c *Config) { c.ClusterBy = "author" }, "--cluster_by"},
		"cluster method":      {func(c *Config) { c.ClusterMethod = "k-means" }, "--cluster_method"},
		"cluster size":        {func(c *Config) { c.ClusterMinSize = 1 }, "--cluster_min_size"},
		"cluster sample":      {func(c *Config) { c.ClusterSample = -1 }, "--cluster_sample"},
		"cluster seed":        {func(c *Config) { c.ClusterSeed = -1 }, "--cluster_seed"},
		"token budget":        {func(c *Config) { c.TokenBudget = -1 }, "--token_budget"},
		"model":               {func(c *Config) { c.Model = c.Root }, "--model"},
		"library":             {func(c *Config) { c.ONNXRuntimeLib = c.Root + "/lib.so" }, "--onnxruntime_lib"},
		"precision":           {func(c *Config) { c.Precision = "int8" }, "--precision"},
		"accelerator":         {func(c *Config) { c.Accelerator = "tpu" }, "--accelerator"},
		"long text":           {func(c *Config) { c.LongText = "split" }, "--long_text"},
		"check":               {func(c *Config) { c.Check = "rows" }, "--check"},
		"progress":            {func(c *Config) { c.Progress = "dots" }, "--progress"},
		"metrics file":        {func(c *Config) { c.MetricsFile = c.Root + "/missing/x.prom" }, "--metrics_file"},
		"metrics address":     {func(c *Config) { c.MetricsAddr = "9090" }, "--metrics_addr"},
		"dedup cache":         {func(c *Config) { c.DedupMB = -1 }, "--dedup_cache_mb"},
		"share":               {func(c *Config) { c.MPSShare = math.NaN() }, "--mps_share NaN: want auto, or 0 to 1"},
		"bridged subreddit": {func(c *Config) {
			c.Redis, c.MPSSubreddits, c.ClaimTimeout, c.LostAfter = "redis://node1", []string{"tee"}, 1, 1
		}, `--mps_subreddits: the list of subreddits has no "tee"`},
		"redis":  {func(c *Config) { c.MPSShare, c.Redis = 0.5, "redis://:sec/ret@node1" }, "--redis: it can be read in more than one way"},
		"python": {func(c *Config) { c.Python = c.Root + "/python" }, "--cluster=false"},
	} {
		t.Run(name, func(t *testing.T) {
			config := goodConfig(t)
			c.spoil(&config)
			err := config.Complete()
			var usage UsageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Fatalf("error %q, want one line with %q", err, c.want)
			}
		})
	}
}

func TestAColumnThatNoFileHasIsRefused(t *testing.T) {
	c := goodConfig(t)
	type row struct {
		ID     string `parquet:"chain_id"`
		Text   string `parquet:"text"`
		Score  int64  `parquet:"score"`
		Tokens int32  `parquet:"n_tokens"`
	}
	file := filepath.Join(c.Root, "chains", "test", "tea", "x.parquet")
	c.Keep = []string{"scroe"}
	if err := c.Complete(); err != nil {
		t.Errorf("without a file to compare with: %v", err)
	}
	if err := parquet.WriteFile(file, []row{{"a", "b", 1, 2}}); err != nil {
		t.Fatal(err)
	}
	for _, keep := range [][]string{nil, {"score"}, {"chain_id", "score"}, {"n_tokens", "score"}} {
		c.Keep = keep
		if err := c.Complete(); err != nil {
			t.Errorf("--keep=%v: %v", keep, err)
		}
	}
	c.Keep = []string{"score", "scroe"}
	want := `--keep: none of the 1 chains files has a scalar column "scroe" (did you mean score?): they have "chain_id", "score"`
	if err := c.Complete(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPythonIsNotNeededWithoutClustering(t *testing.T) {
	c := goodConfig(t)
	c.Python, c.Cluster = c.Root+"/python", false
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
}
