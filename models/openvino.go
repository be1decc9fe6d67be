package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/cpu"
)

// keptKernels bounds what OpenVINO prepares for the shapes that it has met. Its own
// bound of 5,000 is never reached: memory grows by 50 MB over a run, and nothing is faster.
const keptKernels = "64"

// openVINO says where the ONNX Runtime with OpenVINO is; its other libraries lie
// beside it and find each other.
func (c Config) openVINO() string {
	if c.Library != "" {
		return c.Library
	}
	return filepath.Join(c.nativeDir(), "openvino", libraryName)
}

// lacksOpenVINO says what is missing for OpenVINO, which is set up apart.
func lacksOpenVINO(c Config) error {
	provider := filepath.Join(filepath.Dir(c.openVINO()), "libonnxruntime_providers_openvino.so")
	if !fileExists(c.openVINO()) || !fileExists(provider) {
		return fmt.Errorf("no OpenVINO provider at %s: run 'make setup', or name a library that has it with --onnxruntime_lib", provider)
	}
	return nil
}

// lacksBF16 says what this machine lacks for bfloat16: without the instructions
// OpenVINO would compute in fp32 and not say so.
func lacksBF16(c Config) error {
	if !cpu.X86.HasAVX512BF16 && !cpu.X86.HasAMXBF16 {
		return errors.New("this CPU has neither AVX512-BF16 nor AMX: use --precision=fp32")
	}
	return lacksOpenVINO(c)
}

// openVINOIn hands the whole graph to OpenVINO, in a precision. OpenVINO gets a stream
// for each batch that runs at once. Two streams of one thread each are faster than one
// of two threads, which must wait for each other at the end of every operation.
func openVINOIn(precision string) func(o *ort.SessionOptions, runs, threads int) error {
	hint := map[string]string{FP32: "f32", BF16: "bf16"}[precision]
	return func(o *ort.SessionOptions, runs, threads int) error {
		load, err := json.Marshal(map[string]map[string]string{"CPU": {
			"INFERENCE_PRECISION_HINT":   hint,
			"NUM_STREAMS":                strconv.Itoa(runs),
			"INFERENCE_NUM_THREADS":      strconv.Itoa(runs * threads),
			"CPU_RUNTIME_CACHE_CAPACITY": keptKernels,
			// Two processes of one core each would both be bound to the first core.
			"ENABLE_CPU_PINNING": "NO",
		}})
		if err != nil {
			return err
		}
		// ONNX Runtime's own threads would have nothing to do.
		if err := o.SetIntraOpNumThreads(1); err != nil {
			return err
		}
		// load_config takes the JSON itself, not a file's name.
		return o.AppendExecutionProviderOpenVINO(map[string]string{"device_type": "CPU", "load_config": string(load)})
	}
}
