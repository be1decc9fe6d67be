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

// openVINO says where the ONNX Runtime with OpenVINO is; its other libraries lie
// beside it and find each other.
func (c Config) openVINO() string {
	if c.Library != "" {
		return c.Library
	}
	return filepath.Join(repositoryRoot(), "build", "lib", "openvino", libraryName)
}

// lacksBF16 says what this machine lacks for bfloat16: without the instructions
// OpenVINO would compute in fp32 and not say so.
func lacksBF16(c Config) error {
	if !cpu.X86.HasAVX512BF16 && !cpu.X86.HasAMXBF16 {
		return errors.New("this CPU has neither AVX512-BF16 nor AMX: use --precision=fp32")
	}
	provider := filepath.Join(filepath.Dir(c.openVINO()), "libonnxruntime_providers_openvino.so")
	if !fileExists(c.openVINO()) || !fileExists(provider) {
		return fmt.Errorf("no OpenVINO provider at %s: run 'make setup-bf16', or name a library that has it with --onnxruntime_lib", provider)
	}
	return nil
}

// configureOpenVINO hands the whole graph to OpenVINO, in bfloat16.
func configureOpenVINO(o *ort.SessionOptions, threads int) error {
	load, err := json.Marshal(map[string]map[string]string{"CPU": {
		"INFERENCE_PRECISION_HINT": BF16,
		"INFERENCE_NUM_THREADS":    strconv.Itoa(threads),
	}})
	if err != nil {
		return err
	}
	// load_config takes the JSON itself, not a file's name.
	return o.AppendExecutionProviderOpenVINO(map[string]string{"device_type": "CPU", "load_config": string(load)})
}
