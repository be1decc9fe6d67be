package models

import (
	"context"
	_ "embed" // for the golden vector
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/cpu"
)

// goldenFile is one text and the vector that sentence-transformers (5.x, torch, CPU) makes
// of it with the weights of that sha256: all-MiniLM-L6-v2.
//
//go:embed golden.json
var goldenFile []byte

type golden struct {
	WeightsSHA string    `json:"weights_sha256"`
	Text       string    `json:"text"`
	Vector     []float32 `json:"vector"`
}

// Diagnosis says how an engine really runs here.
type Diagnosis struct {
	Backend
	Library   string   // ONNX Runtime's, with its version
	Providers []string // those that ran the graph's nodes, from ONNX Runtime's own profile
	// Compared says that the golden vector of this model is known. Cosine is then the cosine
	// of the vector made here and the golden one.
	Compared bool
	Cosine   float64
}

// LeastGolden returns the least cosine that a vector in a precision must have with the golden one.
func LeastGolden(precision string) float64 {
	if precision == FP32 {
		return 1 - 1e-6
	}
	return leastCosine
}

// Diagnose opens the engine, has it embed the golden text, and profiles one run of its
// graph to see which execution providers do the work.
func Diagnose(ctx context.Context, config Config) (d Diagnosis, err error) {
	var g golden
	if err := json.Unmarshal(goldenFile, &g); err != nil {
		return d, fmt.Errorf("reading the golden vector: %w", err)
	}
	engine, err := Shared(config)
	if err != nil {
		return d, err
	}
	d.Backend = engine.Backend
	d.Library = fmt.Sprintf("%s (ONNX Runtime %s)", process.library.loadedFrom(), ort.GetVersion())
	plain := config
	plain.Prompt = ""
	tokens, err := openTokenizer(engine.Folder, plain)
	if err != nil {
		return d, err
	}
	encoded, err := tokens.encode(g.Text)
	if err != nil {
		return d, err
	}
	var vector []float32
	err = engine.session.run(encoded.sequences[:1], func(_ int, v []float32) { vector = slices.Clone(v) })
	if err != nil {
		return d, err
	}
	if engine.Folder.WeightsSHA == g.WeightsSHA {
		d.Compared, d.Cosine = true, worstCosine([][]float32{vector}, [][]float32{g.Vector})
	}
	at := slices.IndexFunc(backends, func(b backend) bool { return b.name == d.Name && b.precision == d.Precision })
	d.Providers, err = profiled(engine.Folder, backends[at], encoded.sequences[:1])
	if ctx.Err() != nil {
		return d, ctx.Err()
	}
	return d, err
}

// profiled runs a back end's graph once and returns the providers that ran its nodes.
func profiled(f *Folder, b backend, batch [][]uint32) (providers []string, err error) {
	folder, err := os.MkdirTemp("", "threadloom-profile-")
	if err != nil {
		return nil, fmt.Errorf("a folder for ONNX Runtime's profile: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	s, err := openSession(f, b, 1, func(o *ort.SessionOptions) error { return o.EnableProfiling(filepath.Join(folder, "run")) })
	if err != nil {
		return nil, err
	}
	err = s.run(batch, func(int, []float32) {})
	s.close() // writes the profile
	if err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(files) != 1 {
		return nil, errors.Join(err, errors.New("ONNX Runtime wrote no profile"))
	}
	profile, err := os.ReadFile(files[0])
	if err != nil {
		return nil, fmt.Errorf("reading ONNX Runtime's profile: %w", err)
	}
	return providersIn(profile)
}

// providersIn returns the providers that ran nodes, from a profile of ONNX Runtime's.
func providersIn(profile []byte) ([]string, error) {
	var events []struct {
		Category string `json:"cat"`
		Args     struct {
			Provider string `json:"provider"`
		} `json:"args"`
	}
	if err := json.Unmarshal(profile, &events); err != nil {
		return nil, fmt.Errorf("reading ONNX Runtime's profile: %w", err)
	}
	found := map[string]bool{}
	for _, e := range events {
		if e.Category == "Node" && e.Args.Provider != "" {
			found[e.Args.Provider] = true
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// Provider returns the execution provider that should run a back end's nodes.
func (b Backend) Provider() string {
	for part, name := range map[string]string{"openvino": "OpenVINOExecutionProvider", "cuda": "CUDAExecutionProvider"} {
		if strings.HasSuffix(b.Name, part) {
			return name
		}
	}
	return "CPUExecutionProvider"
}

// CPUFeatures returns the instruction sets of this CPU that matter to the engine.
func CPUFeatures() []string {
	var found []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA}, {"AVX512F", cpu.X86.HasAVX512F}, {"AVX512-VNNI", cpu.X86.HasAVX512VNNI},
		{"AVX512-BF16", cpu.X86.HasAVX512BF16}, {"AMX-BF16", cpu.X86.HasAMXBF16},
		{"ASIMD", cpu.ARM64.HasASIMD}, {"ASIMDDP", cpu.ARM64.HasASIMDDP}, {"SVE", cpu.ARM64.HasSVE},
	} {
		if f.has {
			found = append(found, f.name)
		}
	}
	return found
}
