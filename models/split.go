package models

import (
	"encoding/json"
	"strings"
)

// overlapTokens is how many tokens two neighbouring chunks of a text share, so that
// a sentence which one chunk cuts is whole in the other.
const overlapTokens = 32

// splitTokens cuts a text's tokens into overlapping windows of at most size tokens.
// A window begins and ends with a whole word, unless the word is longer than a window.
// continues reports whether a token continues the word before it.
func splitTokens(ids []uint32, continues func(uint32) bool, size, overlap int) [][]uint32 {
	var windows [][]uint32
	for start := 0; ; {
		end := min(start+size, len(ids))
		if end < len(ids) {
			end = wordStart(ids, continues, end, start)
		}
		windows = append(windows, ids[start:end])
		if end == len(ids) {
			return windows
		}
		start = wordStart(ids, continues, max(start+1, end-overlap), start)
	}
}

// wordStart returns the start of the word at i. If that word starts at after or before
// it, the word fills a window, and wordStart returns i.
func wordStart(ids []uint32, continues func(uint32) bool, i, after int) int {
	for at := i; at > after; at-- {
		if !continues(ids[at]) {
			return at
		}
	}
	return i
}

// continuations reads from a tokenizer.json which tokens continue a word: those of a
// WordPiece vocabulary that begin with its prefix, "##". Other vocabularies have none.
func continuations(tokenizerJSON []byte) (map[uint32]bool, error) {
	var kind struct {
		Model struct {
			Type string `json:"type"`
		} `json:"model"`
	}
	if err := json.Unmarshal(tokenizerJSON, &kind); err != nil || kind.Model.Type != "WordPiece" {
		return nil, err
	}
	var settings struct {
		Model struct {
			Prefix string            `json:"continuing_subword_prefix"`
			Vocab  map[string]uint32 `json:"vocab"`
		} `json:"model"`
	}
	if err := json.Unmarshal(tokenizerJSON, &settings); err != nil {
		return nil, err
	}
	found := map[uint32]bool{}
	for token, id := range settings.Model.Vocab {
		if p := settings.Model.Prefix; p != "" && strings.HasPrefix(token, p) {
			found[id] = true
		}
	}
	return found, nil
}
