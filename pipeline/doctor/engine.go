package doctor

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/version"
)

func checkModel(m config.Model) []Finding {
	folder, err := models.OpenFolder(m.Folder)
	if err != nil {
		return []Finding{fail("run 'make setup', or make one with 'python -m threadloom.export' and name it with --model", "%v", err)}
	}
	return []Finding{ok("%s: %s, %d floats, %d tokens, %s pooling; every file has its sha256", folder.Path, folder.Name, folder.Dimension, folder.MaxSeqLength, folder.Pooling)}
}

func checkLibraries(m config.Model) []Finding {
	found := []Finding{ok("threadloom %s, %s; %s", version.Version, runtime.Version(), strings.Join(builtWith("tokenizers", "onnxruntime_go", "parquet-go", "beam/sdks/v2"), ", "))}
	if _, err := models.Check(m.Config); err != nil && !errors.Is(err, models.ErrNoModel) {
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

func checkCPU() []Finding {
	features := models.CPUFeatures()
	text := fmt.Sprintf("%d cores, %s: %s", runtime.GOMAXPROCS(0), runtime.GOARCH, strings.Join(features, ", "))
	if runtime.GOARCH == "amd64" && !slices.Contains(features, "AVX2") {
		return []Finding{warn("embedding works, and is several times slower than on a CPU with AVX2", "%s", text)}
	}
	return []Finding{ok("%s", text)}
}

func checkEngine(ctx context.Context, m config.Model) []Finding {
	d, err := models.Diagnose(ctx, m.Config)
	if err != nil {
		return []Finding{fail("mend what model and library say above; if both are ok, name another library with --onnxruntime_lib", "%v", err)}
	}
	ran := fmt.Sprintf("%s in %s, batches of %d tokens; every operation was run by %s; %s", d.Name, d.Precision, d.TokenBudget, strings.Join(d.Providers, " or "), d.Library)
	if !slices.Equal(d.Providers, []string{d.Provider()}) {
		return []Finding{warn("the library lacks operations of the model's for "+d.Provider()+": use the one that 'make setup' fetched", "%s", ran)}
	}
	switch {
	case !d.Compared:
		return []Finding{ok("%s", ran), warn("compare it with sentence-transformers yourself: only all-MiniLM-L6-v2 has a golden vector here", "no golden vector of %s is known", filepath.Base(m.Folder))}
	case !(d.Cosine >= models.LeastGolden(d.Precision)):
		return []Finding{ok("%s", ran), fail("do not embed with it: choose --precision=fp32, or another library with --onnxruntime_lib", "the golden vector does not come out: cosine %.7f", d.Cosine)}
	}
	return []Finding{ok("%s", ran), ok("the golden vector comes out: cosine %.7f", d.Cosine)}
}
