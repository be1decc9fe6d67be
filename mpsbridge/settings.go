package mpsbridge

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// Settings is what a run tells its workers, so that their outputs are the same as its
// own. A worker that cannot follow all of it takes no job of the run.
type Settings struct {
	Nonce           string   `json:"nonce"`
	TextColumn      string   `json:"text_column"`
	Keep            []string `json:"keep"`             // empty: all scalar columns but the text
	FixedSizeLists  bool     `json:"fixed_size_lists"` // how Arrow's readers see the vectors
	Prompt          string   `json:"prompt"`
	LongText        string   `json:"long_text"` // truncate or chunk
	Model           string   `json:"model"`
	WeightsSHA256   string   `json:"weights_sha256"`
	TokenizerSHA256 string   `json:"tokenizer_sha256"`
	Pooling         string   `json:"pooling"`
	Normalized      bool     `json:"normalized"`
	MaxSeqLength    int      `json:"max_seq_length"`
	Dimension       int      `json:"dimension"`
	Version         string   `json:"version"`
}

// MarshalJSON writes a nil Keep as an empty list, never as null.
func (s Settings) MarshalJSON() ([]byte, error) {
	if s.Keep == nil {
		s.Keep = []string{}
	}
	type plain Settings // without this method
	return json.Marshal(plain(s))
}

// nonceName is a file in a run's output folder. A process that can read it sees that folder.
const nonceName = ".threadloom-nonce"

var nonceText = regexp.MustCompile(`^[0-9a-f]{32}\n$`)

// EnsureNonce returns the nonce of a run's output folder, and makes both if they are
// missing. A worker that reads the same nonce at its own path sees the same folder, and
// not another one that is mounted there.
func EnsureNonce(folder string) (string, error) { return ensureNonce(folder, os.Link) }

// ReadNonce returns the nonce of an output folder. If there is none, the error is
// fs.ErrNotExist.
func ReadNonce(folder string) (string, error) { return readNonce(filepath.Join(folder, nonceName)) }

func ensureNonce(folder string, link func(from, to string) error) (string, error) {
	name := filepath.Join(folder, nonceName)
	nonce, err := readNonce(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return nonce, err
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return "", fmt.Errorf("making the folder for the nonce: %w", err)
	}
	temporary, err := writeNonce(folder)
	if err != nil {
		return "", fmt.Errorf("writing the nonce in %s: %w", folder, err)
	}
	defer func() { _ = os.Remove(temporary) }() // fails if the file was renamed
	// If several processes link, the first one wins. A file system without links, such as a
	// share of a Mac's, has only the rename, and the last one wins.
	if err := link(temporary, name); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(temporary, name); err != nil {
			return "", fmt.Errorf("putting the nonce in its place: %w", err)
		}
	}
	return readNonce(name)
}

func readNonce(name string) (string, error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("reading the nonce: %w", err)
	}
	if !nonceText.Match(content) {
		return "", fmt.Errorf("%s is not a nonce of 32 hex digits: remove it", name)
	}
	return string(content[:32]), nil
}

// writeNonce writes a new nonce to a temporary file and returns the file's name.
func writeNonce(folder string) (string, error) {
	f, err := os.CreateTemp(folder, nonceName+"-*")
	if err != nil {
		return "", err
	}
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails, see crypto/rand
	_, err = f.WriteString(hex.EncodeToString(random[:]) + "\n")
	// Workers may run as other users; the folder's permissions say who sees it.
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}
