package models

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
)

// TextsCommand is the first argument with which the program runs EmbedTexts.
const TextsCommand = "embed-texts"

// embedRequest is what EmbedTexts reads.
type embedRequest struct {
	Model Config   `json:"model"`
	Texts []string `json:"texts"`
}

// embedAnswer is the line that EmbedTexts writes before the vectors. Its names are those of the
// fingerprints of embeddings files, so that a reader can tell whether both are of one model.
type embedAnswer struct {
	Model     string `json:"model"`
	ModelSHA  string `json:"model_sha256"` // of the weights, if the folder says it, else of the graph
	Precision string `json:"precision"`
	Dimension int    `json:"dimension"`
	Texts     int    `json:"texts"`
}

// EmbedTexts reads a JSON object {"model": a Config, "texts": [...]} from in and writes a line of JSON to out,
// then the vectors: little-endian float32, one text after another. The clustering starts it as a
// process to embed words, so that the same engine makes the vectors of words and of chains.
func EmbedTexts(in io.Reader, out io.Writer) error {
	var request embedRequest
	if err := json.NewDecoder(in).Decode(&request); err != nil {
		return fmt.Errorf("%s: reading the texts from standard input: %w", TextsCommand, err)
	}
	request.Model.DedupMB = 0 // the texts are different words
	engine, err := Open(request.Model)
	if err != nil {
		return fmt.Errorf("%s: %w", TextsCommand, err)
	}
	result, err := engine.Embed(context.Background(), request.Texts)
	if err != nil {
		return fmt.Errorf("%s: %w", TextsCommand, err)
	}
	f := engine.Folder
	answer := embedAnswer{f.Name, cmp.Or(f.WeightsSHA, f.GraphSHA), engine.Backend.Precision, f.Dimension, len(request.Texts)}
	buffered := bufio.NewWriter(out)
	if err := json.NewEncoder(buffered).Encode(answer); err != nil {
		return fmt.Errorf("%s: writing the vectors: %w", TextsCommand, err)
	}
	if err := binary.Write(buffered, binary.LittleEndian, result.Vectors); err != nil {
		return fmt.Errorf("%s: writing the vectors: %w", TextsCommand, err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("%s: writing the vectors: %w", TextsCommand, err)
	}
	return nil
}
