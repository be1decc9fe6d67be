package models

import (
	"errors"
	"fmt"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"
)

// lacksCUDA says what is missing for a run on an NVIDIA GPU.
func lacksCUDA(c Config) error {
	if !fileExists("/proc/driver/nvidia/version") && !fileExists("/dev/dxg") {
		return errors.New("no NVIDIA driver on this machine: use --accelerator=cpu")
	}
	provider := filepath.Join(filepath.Dir(c.library()), "libonnxruntime_providers_cuda.so")
	if !fileExists(provider) {
		return fmt.Errorf("no CUDA provider at %s: point --onnxruntime_lib at the library of ONNX Runtime's GPU package (onnxruntime-gpu 1.24)", provider)
	}
	return nil
}

// lacksHalf says what is missing for half floats on an NVIDIA GPU.
func lacksHalf(c Config) error {
	if err := lacksCUDA(c); err != nil {
		return err
	}
	if graph := filepath.Join(c.Folder, filepath.FromSlash(halfGraphFile)); !fileExists(graph) {
		return fmt.Errorf("no %s: make it with 'python -m threadloom.export --half'", graph)
	}
	return nil
}

// configureCUDA puts the session on the first GPU; CUDA_VISIBLE_DEVICES chooses
// another. If CUDA or cuDNN cannot be loaded, the error is ONNX Runtime's.
func configureCUDA(o *ort.SessionOptions, _, _ int) (err error) {
	cuda, err := ort.NewCUDAProviderOptions()
	if err != nil {
		return fmt.Errorf("CUDA: %w", err)
	}
	defer func() { err = errors.Join(err, cuda.Destroy()) }()
	err = cuda.Update(map[string]string{
		"device_id": "0",
		// Shapes differ from batch to batch: growing by what is asked for, not by
		// doubling, keeps the arena near what the largest batch needs.
		"arena_extend_strategy": "kSameAsRequested",
		"use_tf32":              "0", // fp32 is exact
	})
	if err != nil {
		return fmt.Errorf("CUDA: %w", err)
	}
	if err := o.AppendExecutionProviderCUDA(cuda); err != nil {
		return fmt.Errorf("CUDA: %w", err)
	}
	return nil
}
