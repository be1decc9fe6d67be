package models

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The golden vector is sentence-transformers'.
func TestEmbedTextsGivesTheVectorsOfTheReference(t *testing.T) {
	var golden struct {
		Weights string    `json:"weights_sha256"`
		Text    string    `json:"text"`
		Vector  []float32 `json:"vector"`
	}
	content, err := os.ReadFile("golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	request, err := json.Marshal(embedRequest{
		Model: Config{Folder: filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2")},
		Texts: []string{"derailleur", golden.Text, ""},
	})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := EmbedTexts(bytes.NewReader(request), &out); err != nil {
		t.Fatal(err)
	}
	line, err := out.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var answer embedAnswer
	if err := json.Unmarshal(line, &answer); err != nil {
		t.Fatal(err)
	}
	want := embedAnswer{"sentence-transformers/all-MiniLM-L6-v2", golden.Weights, FP32, len(golden.Vector), 3}
	if answer != want {
		t.Errorf("%+v, want %+v", answer, want)
	}
	vectors := make([]float32, 3*answer.Dimension)
	if err := binary.Read(&out, binary.LittleEndian, vectors); err != nil || out.Len() > 0 {
		t.Fatalf("reading the vectors: %v, %d bytes are left", err, out.Len())
	}
	for i, x := range golden.Vector {
		if math.Abs(float64(x-vectors[answer.Dimension+i])) > 1e-5 {
			t.Fatalf("number %d is %v, want %v", i, vectors[answer.Dimension+i], x)
		}
	}
}

func TestEmbedTextsSaysInOneLineWhatIsWrong(t *testing.T) {
	for request, want := range map[string]string{
		"":                                  "reading the texts",
		`{"texts": 7}`:                      "reading the texts",
		`{"model": {"Folder": "/nowhere"}}`: "/nowhere",
	} {
		var out bytes.Buffer
		err := EmbedTexts(strings.NewReader(request), &out)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") || out.Len() > 0 {
			t.Errorf("%s: error %v, output %q; want an error with %q and no output", request, err, out.String(), want)
		}
	}
}
