package models

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Files of a model folder that this package reads.
const (
	manifestFile  = "manifest.json"
	graphFile     = "onnx/model.onnx"
	halfGraphFile = "onnx/model_fp16.onnx" // only if it was exported
	tokenizerFile = "tokenizer.json"
	sentenceFile  = "sentence_bert_config.json"
	poolingFile   = "1_Pooling/config.json"
	modulesFile   = "modules.json"
)

// ErrNoModel is returned if there is no model folder at all.
var ErrNoModel = errors.New("no model folder")

// Folder is a model folder whose manifest has been checked.
type Folder struct {
	Path         string
	Name         string // the model's name, as the manifest has it
	Dimension    int    // length of a vector
	MaxSeqLength int    // tokens the model reads, [CLS] and [SEP] included
	Pooling      string // "mean" or "cls"
	Normalized   bool   // vectors have length 1
	GraphSHA     string // sha256 of onnx/model.onnx, hex
	WeightsSHA   string // sha256 of the model.safetensors that it was made of, hex
	TokenizerSHA string // sha256 of tokenizer.json, hex
}

type manifest struct {
	Format int               `json:"format"`
	Name   string            `json:"name"`
	Files  map[string]string `json:"files"`

	// Weights is the sha256 of the weights that the graphs were made of.
	Weights string `json:"weights_sha256"`
}

// OpenFolder reads a model folder's settings and checks every file against the
// manifest. It fails if a file is missing or differs, and if there is a file beside the
// graph that the manifest does not list.
func OpenFolder(path string) (*Folder, error) {
	var m manifest
	if err := readJSON(path, manifestFile, &m); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w at %s: run 'make setup', or make one with 'python -m threadloom.export'", ErrNoModel, path)
		}
		return nil, err
	}
	if m.Format != 1 {
		return nil, fmt.Errorf("model folder %s has manifest format %d, this program reads format 1", path, m.Format)
	}
	for _, name := range []string{graphFile, tokenizerFile, sentenceFile, poolingFile} {
		if _, ok := m.Files[name]; !ok {
			return nil, fmt.Errorf("model folder %s: the manifest does not list %s", path, name)
		}
	}
	names := slices.Sorted(maps.Keys(m.Files))
	for _, name := range names {
		if !filepath.IsLocal(name) {
			return nil, fmt.Errorf("model folder %s: the manifest names %q, which is outside the folder", path, name)
		}
	}
	for _, name := range names {
		got, err := fileSHA256(filepath.Join(path, filepath.FromSlash(name)))
		if err != nil {
			return nil, fmt.Errorf("checking the model folder: %w", err)
		}
		if want := m.Files[name]; got != want {
			return nil, fmt.Errorf("model folder %s: %s is not the file in the manifest (sha256 %.12s…, want %.12s…): export the model again", path, name, got, want)
		}
	}
	if err := onlyListed(path, m); err != nil {
		return nil, err
	}
	f := &Folder{
		Path: path, Name: m.Name,
		GraphSHA: m.Files[graphFile], WeightsSHA: m.Weights, TokenizerSHA: m.Files[tokenizerFile],
	}
	if err := f.readSettings(m); err != nil {
		return nil, err
	}
	return f, nil
}

// onlyListed checks that the manifest lists every file beside the graphs. A graph can refer
// to any of them. ONNX Runtime (from 1.24 on) refuses a graph that refers to other files.
func onlyListed(path string, m manifest) error {
	graphs := filepath.Join(path, filepath.Dir(graphFile))
	return filepath.WalkDir(graphs, func(file string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(path, file)
		if err != nil {
			return err
		}
		if _, ok := m.Files[filepath.ToSlash(name)]; !ok {
			return fmt.Errorf("model folder %s: the manifest does not list %s: export the model again, or remove the file", path, name)
		}
		return nil
	})
}

func (f *Folder) readSettings(m manifest) error {
	var sentence struct {
		MaxSeqLength int `json:"max_seq_length"`
	}
	if err := readJSON(f.Path, sentenceFile, &sentence); err != nil {
		return err
	}
	if sentence.MaxSeqLength < 3 {
		return fmt.Errorf("model folder %s: %s has max_seq_length %d", f.Path, sentenceFile, sentence.MaxSeqLength)
	}
	var pooling struct {
		Dimension int  `json:"word_embedding_dimension"`
		Mean      bool `json:"pooling_mode_mean_tokens"`
		CLS       bool `json:"pooling_mode_cls_token"`
	}
	if err := readJSON(f.Path, poolingFile, &pooling); err != nil {
		return err
	}
	switch {
	case pooling.Mean && !pooling.CLS:
		f.Pooling = "mean"
	case pooling.CLS && !pooling.Mean:
		f.Pooling = "cls"
	default:
		return fmt.Errorf("model folder %s: %s asks for neither mean nor CLS pooling alone", f.Path, poolingFile)
	}
	if _, ok := m.Files[modulesFile]; ok {
		var modules []struct {
			Type string `json:"type"`
		}
		if err := readJSON(f.Path, modulesFile, &modules); err != nil {
			return err
		}
		for _, module := range modules {
			if filepath.Ext(module.Type) == ".Normalize" {
				f.Normalized = true
			}
		}
	}
	f.Dimension, f.MaxSeqLength = pooling.Dimension, sentence.MaxSeqLength
	return nil
}

func (f *Folder) file(name string) string {
	return filepath.Join(f.Path, filepath.FromSlash(name))
}

func readJSON(folder, name string, into any) error {
	b, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	if err != nil {
		return fmt.Errorf("reading the model folder: %w", err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("reading %s in the model folder %s: %w", name, folder, err)
	}
	return nil
}

func fileSHA256(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }() // only read
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
