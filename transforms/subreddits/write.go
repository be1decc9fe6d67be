package subreddits

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
)

// written is a list that an import has written. Nobody has chosen its names, so the next import does
// not keep to them. An edited list no longer fits its hash, so its names count as chosen.
type written struct {
	Subreddits []string `json:"subreddits"`
	Imported   string   `json:"imported"` // hash of the names
}

// Write writes the list of subreddits that have chains, with those of a list that an earlier import wrote.
func Write(path string, names []string) error {
	if earlier, ours := readWritten(path); ours {
		names = append(slices.Clone(names), earlier...)
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	b, err := json.MarshalIndent(written{names, hash(names)}, "", "  ")
	if err == nil {
		err = renameio.WriteFile(path, append(b, '\n'), 0o666)
	}
	if err != nil {
		return fmt.Errorf("writing the list of subreddits: %w", err)
	}
	return nil
}

// IsWritten reports whether an import wrote the list, and nobody has changed it since.
func IsWritten(path string) bool {
	_, ours := readWritten(path)
	return ours
}

func readWritten(path string) (names []string, ours bool) {
	var list written
	b, err := os.ReadFile(path)
	if err != nil || json.Unmarshal(b, &list) != nil {
		return nil, false // whoever reads it as a list says what is wrong with it
	}
	return list.Subreddits, list.Imported != "" && list.Imported == hash(list.Subreddits)
}

func hash(names []string) string {
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	return hex.EncodeToString(sum[:8])
}
