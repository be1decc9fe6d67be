// Command hugot is the contender in bench/engine.py that uses hugot: its feature
// extraction pipeline on ONNX Runtime with hugot's defaults, 32 texts a call in the
// order of the file. bench/child.py says what it reads and answers. It is a module of
// its own, so that the product does not depend on hugot.
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/knights-analytics/hugot"
	"github.com/knights-analytics/hugot/options"
	"github.com/knights-analytics/hugot/pipelines"
)

const (
	library   = "github.com/knights-analytics/hugot"
	batchSize = 32
)

type request struct {
	Texts []string `json:"texts"`
	Out   string   `json:"out"`
}

func main() {
	model := flag.String("model", "", "model `folder`")
	libraries := flag.String("libraries", "", "`folder` of ONNX Runtime's shared library")
	flag.Parse()
	if err := serve(*model, *libraries); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve loads the model, says so and answers requests until there are no more.
func serve(model, libraries string) error {
	session, err := hugot.NewORTSession(options.WithOnnxLibraryPath(libraries))
	if err != nil {
		return err
	}
	pipeline, err := hugot.NewPipeline(session, hugot.FeatureExtractionConfig{ModelPath: model, Name: "bench"})
	if err != nil {
		return err
	}
	answers := json.NewEncoder(os.Stdout)
	if err := answers.Encode(map[string]string{"ready": "hugot " + version()}); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	requests := json.NewDecoder(os.Stdin)
	for {
		var r request
		if err := requests.Decode(&r); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("reading a request: %w", err)
		}
		start := time.Now()
		vectors, err := embed(pipeline, r.Texts)
		seconds := time.Since(start).Seconds()
		if err != nil {
			return fmt.Errorf("embedding: %w", err)
		}
		if err := write(r.Out, vectors); err != nil {
			return fmt.Errorf("writing the vectors: %w", err)
		}
		if err := answers.Encode(map[string]float64{"seconds": seconds}); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

// embed returns the vectors, row after row. The graph has normalised them.
func embed(pipeline *pipelines.FeatureExtractionPipeline, texts []string) ([]float32, error) {
	var vectors []float32
	for start := 0; start < len(texts); start += batchSize {
		result, err := pipeline.RunPipeline(texts[start:min(start+batchSize, len(texts))])
		if err != nil {
			return nil, err
		}
		for _, vector := range result.Embeddings {
			vectors = append(vectors, vector...)
		}
	}
	return vectors, nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if module.Path == library {
				return module.Version
			}
		}
	}
	return "of unknown version"
}

func write(path string, vectors []float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(binary.Write(f, binary.NativeEndian, vectors), f.Close())
}
