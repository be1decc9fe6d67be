package models

import (
	"encoding/json"
	"strings"
)

// overlapTokens is how many tokens two neighbouring chunks of a text share, so
// that no sentence is only ever seen cut in two.
const overlapTokens = 32

// splitTokens cuts a text's tokens into overlapping windows of at most size
// tokens that begin and end with whole words, where words are shorter than a
// window. continues says whether a token goes on with the word before it.
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

// wordStart returns the start of the word at i, or i itself if that word starts
// at after or before: it fills a window.
func wordStart(ids []uint32, continues func(uint32) bool, i, after int) int {
	for at := i; at > after; at-- {
		if !continues(ids[at]) {
			return at
		}
	}
	return i
}

// continuations reads from a tokenizer.json which tokens go on with a word: those
// of a WordPiece vocabulary with its prefix, "##". Other kinds have none.
func continuations(settings map[string]json.RawMessage) (map[uint32]bool, error) {
	var model struct {
		Prefix string            `json:"continuing_subword_prefix"`
		Vocab  map[string]uint32 `json:"vocab"`
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(settings["model"], &kind); err != nil || kind.Type != "WordPiece" {
		return nil, err
	}
	if err := json.Unmarshal(settings["model"], &model); err != nil {
		return nil, err
	}
	found := map[uint32]bool{}
	for token, id := range model.Vocab {
		if model.Prefix != "" && strings.HasPrefix(token, model.Prefix) {
			found[id] = true
		}
	}
	return found, nil
}
