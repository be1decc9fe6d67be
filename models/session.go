package models

import (
	"errors"
	"fmt"

	ort "github.com/yalue/onnxruntime_go"
)

// The names in the graphs that 'python -m threadloom.export' makes. They are constants,
// because ONNX Runtime would load the model once more to look them up.
var graphInputs = []string{"input_ids", "attention_mask"}

const graphOutput = "sentence_embedding"

// session is one ONNX Runtime session. run may be called from several
// goroutines at once.
type session struct {
	ort       *ort.DynamicAdvancedSession
	dimension int
	device    bool // computes elsewhere than in the CPU's memory
}

// openSession opens a back end's graph; more sets further options.
func openSession(f *Folder, b backend, cores int, more ...func(*ort.SessionOptions) error) (*session, error) {
	path := f.file(b.graph)
	options, err := ort.NewSessionOptions()
	if err != nil {
		return nil, fmt.Errorf("session options: %w", err)
	}
	defer func() { _ = options.Destroy() }() // frees memory only
	if err := configure(options, b, cores); err != nil {
		return nil, fmt.Errorf("session options for %s on %s: %w", b.precision, b.accelerator, err)
	}
	for _, set := range more {
		if err := set(options); err != nil {
			return nil, fmt.Errorf("session options: %w", err)
		}
	}
	s, err := ort.NewDynamicAdvancedSession(path, graphInputs, []string{graphOutput}, options)
	if err != nil {
		return nil, fmt.Errorf("opening the graph %s: %w", path, err)
	}
	return &session{ort: s, dimension: f.Dimension, device: b.accelerator != CPU}, nil
}

// close frees the session; no run may be going on.
func (s *session) close() { _ = s.ort.Destroy() } // frees memory only

// configure sets what all back ends share, then what is b's own.
func configure(options *ort.SessionOptions, b backend, cores int) error {
	if err := options.SetGraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll); err != nil {
		return err
	}
	if err := options.SetInterOpNumThreads(1); err != nil {
		return err
	}
	// Shapes differ from batch to batch. A memory pattern for each would only use memory.
	if err := options.SetMemPattern(false); err != nil {
		return err
	}
	return b.configure(options, b.atOnce(cores), b.threads(cores))
}

// run embeds a batch of token sequences and hands each row's vector to emit;
// the slice is only valid during the call.
func (s *session) run(batch [][]uint32, emit func(row int, vector []float32)) error {
	width := 0
	for _, ids := range batch {
		width = max(width, len(ids))
	}
	shape := ort.NewShape(int64(len(batch)), int64(width))
	values := make([]ort.Value, 0, len(graphInputs))
	defer func() {
		for _, v := range values {
			_ = v.Destroy() // frees memory only
		}
	}()
	for _, name := range graphInputs {
		data := make([]int64, len(batch)*width)
		fillInput(name, data, batch, width)
		t, err := ort.NewTensor(shape, data)
		if err != nil {
			return fmt.Errorf("input %s: %w", name, err)
		}
		values = append(values, t)
	}
	out, err := ort.NewEmptyTensor[float32](ort.NewShape(int64(len(batch)), int64(s.dimension)))
	if err != nil {
		return fmt.Errorf("output: %w", err)
	}
	defer func() { _ = out.Destroy() }()
	if s.device {
		err = s.runOnDevice(values, out)
	} else {
		err = s.ort.Run(values, []ort.Value{out})
	}
	if err != nil {
		return fmt.Errorf("running the model on %d texts of %d tokens: %w", len(batch), width, err)
	}
	data := out.GetData()
	for row := range batch {
		emit(row, data[row*s.dimension:(row+1)*s.dimension])
	}
	return nil
}

// runOnDevice runs the model with its inputs and its output bound to it. Binding copies
// an input to the device at once, so that one batch is copied while another one is
// computed. A plain Run copies its input only when the device is free.
func (s *session) runOnDevice(inputs []ort.Value, output ort.Value) (err error) {
	binding, err := s.ort.CreateIoBinding()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, binding.Destroy()) }()
	for i, name := range graphInputs {
		if err := binding.BindInput(name, inputs[i]); err != nil {
			return fmt.Errorf("binding %s: %w", name, err)
		}
	}
	if err := binding.BindOutput(graphOutput, output); err != nil {
		return fmt.Errorf("binding %s: %w", graphOutput, err)
	}
	return s.ort.RunWithBinding(binding)
}

// fillInput lays a batch out as [len(batch), width], row by row. All token types are 0,
// because every text is a single sentence.
func fillInput(name string, data []int64, batch [][]uint32, width int) {
	for row, ids := range batch {
		line := data[row*width:]
		for i, id := range ids {
			switch name {
			case "input_ids":
				line[i] = int64(id)
			case "attention_mask":
				line[i] = 1
			}
		}
	}
}
