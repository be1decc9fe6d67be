package models

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
)

// The names of precisions and accelerators in flags and in fingerprints.
const (
	FP32 = "fp32" // exact: within 1e-5 of sentence-transformers
	BF16 = "bf16" // matrix products in bfloat16: a cosine of at least 0.9999, up to twice as fast
	FP16 = "fp16" // half floats, on a GPU
	CPU  = "cpu"
	CUDA = "cuda"
	Auto = "auto" // the fastest that this machine has
)

// backend is one way to run a model's graph. A new precision or device is one
// more entry in backends.
type backend struct {
	name        string // as the fingerprint has it
	precision   string
	accelerator string
	graph       string // file in the model folder
	library     func(Config) string
	missing     func(Config) error                                   // says what this machine lacks; nil: nothing
	configure   func(o *ort.SessionOptions, runs, threads int) error // runs at once, threads of each
	budgets     []int                                                // padded tokens of a batch: the first, unless another is measured to be faster
	runs        int                                                  // batches at once; 0: one per core, each on one thread
}

// backends are in the order of preference. If several have the same precision and
// accelerator, the first one that this machine has is used.
var backends = []backend{
	{
		name: "onnxruntime-openvino", precision: FP32, accelerator: CPU, graph: graphFile,
		library: Config.openVINO, missing: lacksOpenVINO, configure: openVINOIn(FP32), budgets: []int{512, 256},
	},
	{
		name: "onnxruntime-cpu", precision: FP32, accelerator: CPU, graph: graphFile,
		library: Config.library, missing: lacksNothing, configure: configureCPU, budgets: []int{defaultTokenBudget, 2 * defaultTokenBudget},
	},
	{
		name: "onnxruntime-openvino", precision: BF16, accelerator: CPU, graph: graphFile,
		library: Config.openVINO, missing: lacksBF16, configure: openVINOIn(BF16), budgets: []int{512, 256},
	},
	{
		name: "onnxruntime-cuda", precision: FP32, accelerator: CUDA, graph: graphFile,
		library: Config.library, missing: lacksCUDA, configure: configureCUDA, budgets: []int{32 << 10}, runs: 2,
	},
	{
		name: "onnxruntime-cuda", precision: FP16, accelerator: CUDA, graph: halfGraphFile,
		library: Config.library, missing: lacksHalf, configure: configureCUDA, budgets: []int{64 << 10}, runs: 2,
	},
}

// candidates returns the back ends that a configuration allows and this machine
// has. If it names one that the machine lacks, the error says what is missing.
func candidates(config Config) ([]backend, error) {
	accelerator, precision := cmp.Or(config.Accelerator, CPU), cmp.Or(config.Precision, FP32)
	var found []backend
	var lacking error
	for _, b := range backends {
		if accelerator != Auto && accelerator != b.accelerator || precision != Auto && precision != b.precision {
			continue
		}
		taken := func(f backend) bool { return f.accelerator == b.accelerator && f.precision == b.precision }
		if slices.ContainsFunc(found, taken) {
			continue
		}
		if err := b.missing(config); err != nil {
			lacking = fmt.Errorf("%s on %s: %w", b.precision, b.accelerator, err)
			continue
		}
		found = append(found, b)
	}
	if len(found) > 0 {
		return found, nil
	}
	if lacking == nil {
		lacking = fmt.Errorf("there is no %s on %s; there is %s", precision, accelerator, describeBackends())
	}
	return nil, lacking
}

func describeBackends() string {
	var names []string
	for _, b := range backends {
		names = append(names, b.precision+" on "+b.accelerator)
	}
	return strings.Join(names, ", ")
}

// Precisions returns what the flag takes.
func Precisions() []string { return values(func(b backend) string { return b.precision }) }

// Accelerators returns what the flag takes.
func Accelerators() []string { return values(func(b backend) string { return b.accelerator }) }

func values(of func(backend) string) []string {
	var all []string
	for _, b := range backends {
		if !slices.Contains(all, of(b)) {
			all = append(all, of(b))
		}
	}
	return append(all, Auto)
}

func lacksNothing(Config) error { return nil }

// configureCPU asks for one thread per Run: the engine runs one batch per core,
// which wastes less than splitting small matrices over the cores.
func configureCPU(o *ort.SessionOptions, _, threads int) error {
	return o.SetIntraOpNumThreads(threads)
}

func fileExists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
