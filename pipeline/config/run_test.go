package config

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/models"
)

// goodConfig is a configuration that complete accepts, with files of its own.
func goodConfig(t *testing.T) Run {
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
	return Run{
		Files:      Files{Root: root, Suffix: "test", TextColumn: "text"},
		Outputs:    Outputs{Check: "exists"},
		Model:      Model{models.Config{Precision: "fp32", Accelerator: "cpu", LongText: "truncate", Folder: filepath.Join(root, "model"), Library: filepath.Join(root, "lib", "libonnxruntime.so")}},
		Clustering: Clustering{On: true, By: "all", Method: "auto", Python: filepath.Join(root, "venv", "bin", "python")},
		Flink:      Flink{Runner: "prism"},
		Watching:   Watching{Progress: "none"},
	}
}

func TestCompleteFillsInThePaths(t *testing.T) {
	c := goodConfig(t)
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(c.Files.Root, "subreddits_list.json"); c.Files.Subreddits != want {
		t.Errorf("list of subreddits %s, want %s", c.Files.Subreddits, want)
	}
	if want := filepath.Join(c.Files.Root, "clusters", "test"); c.Files.Clusters() != want {
		t.Errorf("clusters %s, want %s", c.Files.Clusters(), want)
	}
	elsewhere := filepath.Join(c.Files.Root, "elsewhere")
	c.Files.ChainsDir, c.Files.EmbeddingsDir, c.Files.ClustersDir = elsewhere, elsewhere+"/e", elsewhere+"/c"
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
	l := c.Files.Layout()
	if l.Chains != elsewhere+"/test" || l.Embeddings != elsewhere+"/e/test" || c.Files.Clusters() != elsewhere+"/c/test" {
		t.Errorf("layout %+v, clusters %s", l, c.Files.Clusters())
	}
}

func TestASecretInTheURLOfAServerIsNotShown(t *testing.T) {
	for given, want := range map[string]string{
		"":                          "",
		"http://localhost:11434/v1": "http://localhost:11434/v1",
		"https://me:secret@api.example/v1?key=secret": "https://xxxxx@api.example/v1?xxxxx",
		"https://me:sec ret@api.example/%zz":          "(no URL)",
	} {
		c := ForRun()
		if err := c.flags.Parse([]string{"--name_url=" + given}); err != nil {
			t.Fatal(err)
		}
		for _, s := range c.Shown() {
			if s.Name == "name_url" && s.Value != want {
				t.Errorf("%q is shown as %q, want %q", given, s.Value, want)
			}
		}
	}
}

func TestWrongSettingsAreRefusedInOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*Run)
		want  string
	}{
		"runner":              {func(c *Run) { c.Flink.Runner = "spark" }, "--runner"},
		"suffix":              {func(c *Run) { c.Files.Suffix = "../x" }, "--suffix"},
		"suffix not there":    {func(c *Run) { c.Files.Suffix = "other" }, "check --root and --suffix"},
		"root":                {func(c *Run) { c.Files.Root += "/missing" }, "check --root and --suffix"},
		"list":                {func(c *Run) { c.Files.Subreddits = c.Files.Root + "/missing.json" }, "--subreddits"},
		"list of other names": {func(c *Run) { c.Files.Subreddits = c.Files.Root + "/wrong_subreddits.json" }, "--subreddits"},
		"list that is text":   {func(c *Run) { c.Files.Subreddits = c.Files.Root + "/no_subreddits_here.txt" }, "--subreddits"},
		"cluster by":          {func(c *Run) { c.Clustering.By = "author" }, "--cluster_by"},
		"cluster method":      {func(c *Run) { c.Clustering.Method = "k-means" }, "--cluster_method"},
		"cluster size":        {func(c *Run) { c.Clustering.MinSize = 1 }, "--cluster_min_size"},
		"cluster sample":      {func(c *Run) { c.Clustering.Sample = -1 }, "--cluster_sample"},
		"cluster seed":        {func(c *Run) { c.Clustering.Seed = -1 }, "--cluster_seed"},
		"model of no server":  {func(c *Run) { c.Clustering.NameModel = "tiny" }, "with --name_url"},
		"server of no model":  {func(c *Run) { c.Clustering.NameURL = "http://localhost:11434/v1" }, "with --name_model"},
		"no server": {func(c *Run) {
			c.Clustering.NameURL, c.Clustering.NameModel = "localhost:11434/v1", "tiny"
		}, "--name_url: want http"},
		"secret in a server": {func(c *Run) {
			c.Clustering.NameURL, c.Clustering.NameModel = "https://me:secret@api.example/v1", "tiny"
		}, "a key goes into THREADLOOM_NAME_KEY"},
		"token budget":    {func(c *Run) { c.Model.TokenBudget = -1 }, "--token_budget"},
		"model":           {func(c *Run) { c.Model.Folder = c.Files.Root }, "--model"},
		"library":         {func(c *Run) { c.Model.Library = c.Files.Root + "/lib.so" }, "--onnxruntime_lib"},
		"precision":       {func(c *Run) { c.Model.Precision = "int8" }, "--precision"},
		"accelerator":     {func(c *Run) { c.Model.Accelerator = "tpu" }, "--accelerator"},
		"long text":       {func(c *Run) { c.Model.LongText = "split" }, "--long_text"},
		"check":           {func(c *Run) { c.Outputs.Check = "rows" }, "--check"},
		"progress":        {func(c *Run) { c.Watching.Progress = "dots" }, "--progress"},
		"metrics file":    {func(c *Run) { c.Watching.MetricsFile = c.Files.Root + "/missing/x.prom" }, "--metrics_file"},
		"metrics address": {func(c *Run) { c.Watching.MetricsAddr = "9090" }, "--metrics_addr"},
		"dedup cache":     {func(c *Run) { c.Model.DedupMB = -1 }, "--dedup_cache_mb"},
		"share":           {func(c *Run) { c.Workers.Share = math.NaN() }, "--mps_share NaN: want auto, or 0 to 1"},
		"bridged subreddit": {func(c *Run) {
			c.Workers.Redis.URL, c.Workers.Subreddits, c.Workers.ClaimTimeout, c.Workers.LostAfter = "redis://node1", []string{"tee"}, 1, 1
		}, `--mps_subreddits: the list of subreddits has no "tee"`},
		"redis":  {func(c *Run) { c.Workers.Share, c.Workers.Redis.URL = 0.5, "redis://:sec/ret@node1" }, "--redis: it can be read in more than one way"},
		"python": {func(c *Run) { c.Clustering.Python = c.Files.Root + "/python" }, "--cluster=false"},
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
	file := filepath.Join(c.Files.Root, "chains", "test", "tea", "x.parquet")
	c.Outputs.Keep = []string{"scroe"}
	if err := c.Complete(); err != nil {
		t.Errorf("without a file to compare with: %v", err)
	}
	if err := parquet.WriteFile(file, []row{{"a", "b", 1, 2}}); err != nil {
		t.Fatal(err)
	}
	for _, keep := range [][]string{nil, {"score"}, {"chain_id", "score"}, {"n_tokens", "score"}} {
		c.Outputs.Keep = keep
		if err := c.Complete(); err != nil {
			t.Errorf("--keep=%v: %v", keep, err)
		}
	}
	c.Outputs.Keep = []string{"score", "scroe"}
	want := `--keep: none of the 1 chains files has a scalar column "scroe" (did you mean score?): they have "chain_id", "score"`
	if err := c.Complete(); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestPythonIsNotNeededWithoutClustering(t *testing.T) {
	c := goodConfig(t)
	c.Clustering.Python, c.Clustering.On = c.Files.Root+"/python", false
	if err := c.Complete(); err != nil {
		t.Fatal(err)
	}
}
