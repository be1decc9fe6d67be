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
	var settings struct {
		Model struct {
			Type   string          `json:"type"`
			Prefix string          `json:"continuing_subword_prefix"`
			Vocab  json.RawMessage `json:"vocab"` // other kinds of models have other shapes
		} `json:"model"`
	}
	err := json.Unmarshal(tokenizerJSON, &settings)
	if m := settings.Model; err != nil || m.Type != "WordPiece" || m.Prefix == "" {
		return nil, err
	}
	var vocabulary map[string]uint32
	if err := json.Unmarshal(settings.Model.Vocab, &vocabulary); err != nil {
		return nil, err
	}
	found := map[uint32]bool{}
	for token, id := range vocabulary {
		if strings.HasPrefix(token, settings.Model.Prefix) {
			found[id] = true
		}
	}
	return found, nil
}
