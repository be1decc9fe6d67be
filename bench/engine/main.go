// Command engine is our contender in bench/engine.py and bench/fidelity.py:
// models.Engine alone, from texts to vectors, without Beam and without files.
// bench/child.py says what it reads and answers.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/threadloom/threadloom/models"
)

type request struct {
	Texts []string `json:"texts"`
	Out   string   `json:"out"`
}

func main() {
	debug.SetGCPercent(models.GCPercent)
	// The rounds repeat texts, so no vectors may be kept from one request to the next.
	config := models.Config{DedupMB: 0}
	flag.StringVar(&config.Folder, "model", "", "model `folder`")
	flag.StringVar(&config.Precision, "precision", "", "one of "+strings.Join(models.Precisions(), ", "))
	flag.IntVar(&config.Workers, "cores", 0, "`cores` to use; 0: all")
	flag.Parse()
	if err := serve(config); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// serve loads the model, says so and answers requests until there are no more.
func serve(config models.Config) error {
	engine, err := models.Open(config)
	if err != nil {
		return err
	}
	b := engine.Backend
	answers := json.NewEncoder(os.Stdout)
	ready := fmt.Sprintf("%s %s, %d tokens a batch", b.Name, b.Precision, b.TokenBudget)
	if err := answers.Encode(map[string]string{"ready": ready}); err != nil {
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
		result, err := engine.Embed(context.Background(), r.Texts)
		seconds := time.Since(start).Seconds()
		if err != nil {
			return fmt.Errorf("embedding: %w", err)
		}
		if err := write(r.Out, result.Vectors); err != nil {
			return fmt.Errorf("writing the vectors: %w", err)
		}
		if err := answers.Encode(map[string]float64{"seconds": seconds}); err != nil {
			return fmt.Errorf("answering: %w", err)
		}
	}
}

func write(path string, vectors []float32) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(binary.Write(f, binary.NativeEndian, vectors), f.Close())
}
