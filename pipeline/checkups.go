package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/runners"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/checkpoint"
)

func lookAtHome(_ context.Context, c *config.Config) []finding {
	by, missing := c.FoundHome()
	if by == "" {
		return []finding{warn("name the folder in which 'make setup' was run with --home, or model and libraries with --model, --native_dir and --python",
			"no home%s", missing)}
	}
	return []finding{ok("%s (%s)", c.Home, by)}
}

func lookAtModel(_ context.Context, c *config.Config) []finding {
	folder, err := models.OpenFolder(c.Model)
	if err != nil {
		return []finding{fail("run 'make setup', or make one with 'python -m threadloom.export' and name it with --model", "%v", err)}
	}
	return []finding{ok("%s: %s, %d floats, %d tokens, %s pooling; every file has its sha256", folder.Path, folder.Name, folder.Dimension, folder.MaxSeqLength, folder.Pooling)}
}

func lookAtLibraries(_ context.Context, c *config.Config) []finding {
	found := []finding{ok("threadloom %s, %s; %s", chainfile.Version, runtime.Version(), strings.Join(builtWith("tokenizers", "onnxruntime_go", "parquet-go", "beam/sdks/v2"), ", "))}
	if _, err := models.Check(c.Engine()); err != nil && !errors.Is(err, models.ErrNoModel) {
		found = append(found, fail("run 'make setup', or choose another --precision, --accelerator or --onnxruntime_lib", "%v", err))
	}
	return found
}

// builtWith returns modules of this program with their versions, by the ends of their paths.
func builtWith(ends ...string) []string {
	info, built := debug.ReadBuildInfo()
	if !built {
		return nil
	}
	var found []string
	for _, m := range info.Deps {
		for _, end := range ends {
			if strings.HasSuffix(m.Path, "/"+end) {
				found = append(found, end+" "+m.Version)
			}
		}
	}
	return found
}

func lookAtCPU(context.Context, *config.Config) []finding {
	features := models.CPUFeatures()
	text := fmt.Sprintf("%d cores, %s: %s", runtime.GOMAXPROCS(0), runtime.GOARCH, strings.Join(features, ", "))
	if runtime.GOARCH == "amd64" && !slices.Contains(features, "AVX2") {
		return []finding{warn("embedding works, and is several times slower than on a CPU with AVX2", "%s", text)}
	}
	return []finding{ok("%s", text)}
}

func lookAtEngine(ctx context.Context, c *config.Config) []finding {
	d, err := models.Diagnose(ctx, c.Engine())
	if err != nil {
		return []finding{fail("mend what model and library say above; if both are ok, name another library with --onnxruntime_lib", "%v", err)}
	}
	ran := fmt.Sprintf("%s in %s, batches of %d tokens; every operation was run by %s; %s", d.Name, d.Precision, d.TokenBudget, strings.Join(d.Providers, " or "), d.Library)
	if !slices.Equal(d.Providers, []string{d.Provider()}) {
		return []finding{warn("the library lacks operations of the model's for "+d.Provider()+": use the one that 'make setup' fetched", "%s", ran)}
	}
	switch {
	case !d.Compared:
		return []finding{ok("%s", ran), warn("compare it with sentence-transformers yourself: only all-MiniLM-L6-v2 has a golden vector here", "no golden vector of %s is known", filepath.Base(c.Model))}
	case !(d.Cosine >= models.LeastGolden(d.Precision)):
		return []finding{ok("%s", ran), fail("do not embed with it: choose --precision=fp32, or another library with --onnxruntime_lib", "the golden vector does not come out: cosine %.7f", d.Cosine)}
	}
	return []finding{ok("%s", ran), ok("the golden vector comes out: cosine %.7f", d.Cosine)}
}

func lookAtList(_ context.Context, c *config.Config) []finding {
	names, err := checkpoint.Read(c.Subreddits)
	if err != nil {
		return []finding{fail("write it, or name another with --subreddits", "%v", err)}
	}
	missing := 0
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(c.Layout().Chains, name)); err != nil || !info.IsDir() {
			missing++
		}
	}
	text := fmt.Sprintf("%s: %d subreddits", c.Subreddits, len(names))
	if missing > 0 {
		return []finding{warn("nothing is embedded of these", "%s, %d of them without a folder in %s", text, missing, c.Layout().Chains)}
	}
	return []finding{ok("%s", text)}
}

func lookAtRedis(ctx context.Context, c *config.Config) []finding {
	if !c.Partition().Bridged() && !c.Given("redis") {
		return nil
	}
	queue, err := mpsbridge.Open(ctx, c.Redis, c.Queue)
	if err != nil {
		return []finding{fail("see docs/commands.md; without --mps_share and --mps_subreddits no Redis is needed", "%v", err)}
	}
	defer func() { _ = queue.Close() }() // only read
	status, err := queue.Status(ctx)
	if err != nil {
		return []finding{fail("give its user what the queue needs, or name another with --redis", "%v", err)}
	}
	live := 0
	for _, w := range status.Workers {
		if w.Live {
			live++
		}
	}
	text := fmt.Sprintf("%s, queue %s: %d jobs, %d live workers, %d dead jobs", mpsbridge.Redacted(c.Redis), c.Queue, status.Todo, live, len(status.Dead))
	if live == 0 {
		return []finding{warn("start one with threadloom-worker, or the files are embedded here after --mps_claim_timeout", "%s", text)}
	}
	return []finding{ok("%s", text)}
}

func lookAtFlink(ctx context.Context, c *config.Config) []finding {
	if c.Flink.FlinkMaster == "" && c.Runner != "flink" {
		return nil
	}
	runner, err := runners.Named("flink", c.Flink)
	if err == nil {
		err = runner.Check(ctx)
	}
	if err != nil {
		return []finding{fail("docs/flink.md says how a cluster is set up", "%v", err)}
	}
	if _, err := os.Stat(c.Flink.Boot); err != nil {
		return []finding{warn("run 'make flink' on every machine of the cluster, or name where it is there with --flink_boot", "%s answers; no boot program %s on this machine", c.Flink.FlinkMaster, c.Flink.Boot)}
	}
	return []finding{ok("%s answers; java and the job server are here", c.Flink.FlinkMaster)}
}

// lookAtSettings checks the rest of what a run checks before it starts.
func lookAtSettings(_ context.Context, c *config.Config) []finding {
	if err := c.Validate(); err != nil {
		return []finding{fail("change that setting", "%v", err)}
	}
	return []finding{ok("a run with these flags starts")}
}
