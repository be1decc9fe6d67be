package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/daulet/tokenizers"
)

// maxTextBytes bounds what crosses into the tokenizer: 64 KiB hold the first
// 256 tokens of any text that is not one endless word, at a bounded cost.
const maxTextBytes = 64 << 10

// tokenizer is safe for concurrent use.
type tokenizer struct {
	hf        *tokenizers.Tokenizer
	maxLength int
}

// encoded is one text as the model reads it.
type encoded struct {
	ids       []uint32 // with [CLS] and [SEP], at most max_seq_length
	total     int      // tokens before truncation
	truncated bool
	repaired  bool // the text was not valid UTF-8 or held NUL bytes
}

// openTokenizer loads tokenizer.json without the truncation and padding that it
// asks for: the file of all-MiniLM-L6-v2 cuts at 128 and pads to 128, while the
// model is used with max_seq_length of sentence_bert_config.json.
func openTokenizer(f *Folder) (*tokenizer, error) {
	b, err := os.ReadFile(f.file(tokenizerFile))
	if err != nil {
		return nil, fmt.Errorf("reading the tokenizer: %w", err)
	}
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(b, &settings); err != nil {
		return nil, fmt.Errorf("reading the tokenizer %s: %w", f.file(tokenizerFile), err)
	}
	settings["truncation"], settings["padding"] = json.RawMessage("null"), json.RawMessage("null")
	if b, err = json.Marshal(settings); err != nil {
		return nil, fmt.Errorf("patching the tokenizer: %w", err)
	}
	hf, err := tokenizers.FromBytes(b)
	if err != nil {
		return nil, fmt.Errorf("loading the tokenizer %s: %w", f.file(tokenizerFile), err)
	}
	return &tokenizer{hf: hf, maxLength: f.MaxSeqLength}, nil
}

func (t *tokenizer) encode(text string) (encoded, error) {
	clean, cut, repaired := cleanText(text)
	ids := t.hf.EncodeWithOptions(clean, true).IDs
	if len(ids) < 2 {
		return encoded{}, errors.New("the tokenizer returned no tokens")
	}
	e := encoded{ids: ids, total: len(ids), truncated: cut, repaired: repaired}
	if len(ids) > t.maxLength {
		last := ids[len(ids)-1]
		e.ids = ids[:t.maxLength]
		e.ids[t.maxLength-1] = last
		e.truncated = true
	}
	return e, nil
}

// cleanText makes a text safe to hand to C: valid UTF-8, without NUL bytes
// (where C would end it) and at most maxTextBytes long. The BERT normaliser
// drops NUL and U+FFFD anyway, so vectors do not change.
func cleanText(text string) (clean string, cut, repaired bool) {
	if len(text) > maxTextBytes {
		end := maxTextBytes
		for end > maxTextBytes-utf8.UTFMax && !utf8.RuneStart(text[end]) {
			end--
		}
		text, cut = text[:end], true
	}
	clean = text
	if !utf8.ValidString(clean) {
		clean, repaired = strings.ToValidUTF8(clean, "\uFFFD"), true
	}
	if strings.IndexByte(clean, 0) >= 0 {
		clean, repaired = strings.ReplaceAll(clean, "\x00", ""), true
	}
	return clean, cut, repaired
}
