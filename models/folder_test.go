package models

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// writeFolder writes files and a manifest that fits them.
func writeFolder(t *testing.T, files map[string]string) string {
	t.Helper()
	folder := t.TempDir()
	m := manifest{Format: 1, Name: "tiny", Files: map[string]string{}}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[name]), 0o666); err != nil {
			t.Fatal(err)
		}
		sum, err := fileSHA256(path)
		if err != nil {
			t.Fatal(err)
		}
		m.Files[name] = sum
	}
	writeManifest(t, folder, m)
	return folder
}

func writeManifest(t *testing.T, folder string, m manifest) {
	t.Helper()
	b, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, manifestFile), b, 0o666); err != nil {
		t.Fatal(err)
	}
}

func tinyFolder() map[string]string {
	return map[string]string{
		graphFile:     "a graph",
		tokenizerFile: "{}",
		sentenceFile:  `{"max_seq_length": 256}`,
		poolingFile:   `{"word_embedding_dimension": 8, "pooling_mode_mean_tokens": true}`,
		modulesFile:   `[{"type": "sentence_transformers.models.Pooling"}, {"type": "sentence_transformers.models.Normalize"}]`,
	}
}

func TestOpenFolderReadsTheSettings(t *testing.T) {
	files := tinyFolder()
	files[poolingFile] = `{"word_embedding_dimension": 8, "pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}`
	f, err := OpenFolder(writeFolder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if f.Name != "tiny" || f.Dimension != 8 || f.MaxSeqLength != 256 || f.Pooling != "cls" || !f.Normalized {
		t.Fatalf("got %+v", f)
	}
}

func TestOpenFolderTellsThatThereIsNoModel(t *testing.T) {
	if _, err := OpenFolder(t.TempDir()); !errors.Is(err, ErrNoModel) {
		t.Fatalf("error %v", err)
	}
}

func TestFoldersThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		files      map[string]string // replace those of a good folder; empty: left out
	}{
		{"no tokenizer", "does not list tokenizer.json", map[string]string{tokenizerFile: ""}},
		{"two poolings", "neither mean nor CLS", map[string]string{poolingFile: `{"pooling_mode_mean_tokens": true, "pooling_mode_cls_token": true}`}},
		{"max pooling", "neither mean nor CLS", map[string]string{poolingFile: `{"pooling_mode_max_tokens": true}`}},
		{"no length", "max_seq_length 0", map[string]string{sentenceFile: `{}`}},
		{"bad JSON", "1_Pooling/config.json", map[string]string{poolingFile: `{`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tinyFolder()
			for name, content := range c.files {
				files[name] = content
				if content == "" {
					delete(files, name)
				}
			}
			_, err := OpenFolder(writeFolder(t, files))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestAFileThatDiffersFromTheManifestIsRefused(t *testing.T) {
	folder := writeFolder(t, tinyFolder())
	if err := os.WriteFile(filepath.Join(folder, graphFile), []byte("other"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFolder(folder); err == nil || !strings.Contains(err.Error(), "is not the file in the manifest") {
		t.Fatalf("error %v", err)
	}
}

// A graph can refer to any file beside it.
func TestAFileBesideTheGraphThatTheManifestLacksIsRefused(t *testing.T) {
	for _, name := range []string{"weights.bin", "more/weights.bin"} {
		folder := writeFolder(t, tinyFolder())
		path := filepath.Join(folder, "onnx", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("other"), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFolder(folder); err == nil || !strings.Contains(err.Error(), "does not list onnx/"+name) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestAManifestThatLeavesTheFolderIsRefused(t *testing.T) {
	folder := writeFolder(t, tinyFolder())
	m := manifest{Format: 1, Files: map[string]string{"../outside": "0"}}
	for name := range tinyFolder() {
		m.Files[name] = "0"
	}
	writeManifest(t, folder, m)
	if _, err := OpenFolder(folder); err == nil || !strings.Contains(err.Error(), "outside the folder") {
		t.Fatalf("error %v", err)
	}
	delete(m.Files, "../outside")
	m.Format = 2
	writeManifest(t, folder, m)
	if _, err := OpenFolder(folder); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Fatalf("error %v", err)
	}
}
