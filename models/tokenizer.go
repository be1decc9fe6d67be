package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/daulet/tokenizers"

	"github.com/threadloom/threadloom/models/wordpiece"
)

const (
	// maxTextBytes is what is read of a text, at most.
	maxTextBytes = 1 << 20
	// firstBytes is what is tokenised of a text at first. It nearly always has the 256
	// tokens that the model reads. Blanks and combining marks have no tokens: a text of
	// many of them needs more.
	firstBytes = 64 << 10
	// wordTokens bounds the tokens of a word that is cut. They differ from those of the whole
	// word, because BERT takes a word of more than 100 letters for an unknown one.
	wordTokens = 128
)

// The values of --long_text: how a text that is longer than the model reads is embedded.
const (
	Truncate = "truncate" // its beginning is embedded
	Chunk    = "chunk"    // its vector is the mean of overlapping chunks of it
)

// tokenizer is safe for concurrent use.
type tokenizer struct {
	ids       func(text string) []uint32 // with [CLS] and [SEP]
	maxLength int
	prompt    string
	promptIDs []uint32 // each chunk begins with them; nil: texts are not chunked
	chunked   bool
	continues map[uint32]bool // tokens that go on with a word
}

// encoded is one text as the model reads it.
type encoded struct {
	sequences [][]uint32 // with [CLS] and [SEP], at most max_seq_length tokens each; one, or a text's chunks
	total     int        // tokens of the part of the text that was tokenised, before truncation
	truncated bool
	repaired  bool // the text was not valid UTF-8 or held NUL bytes
}

// openTokenizer loads tokenizer.json without the truncation and padding that it
// asks for: the file of all-MiniLM-L6-v2 cuts at 128 and pads to 128, while the
// model is used with max_seq_length of sentence_bert_config.json.
func openTokenizer(f *Folder, c Config) (*tokenizer, error) {
	b, err := os.ReadFile(f.file(tokenizerFile))
	if err != nil {
		return nil, fmt.Errorf("reading the tokenizer: %w", err)
	}
	if b, err = withoutTruncation(b); err != nil {
		return nil, fmt.Errorf("reading the tokenizer %s: %w", f.file(tokenizerFile), err)
	}
	ids, err := openIDs(b)
	if err != nil {
		return nil, fmt.Errorf("loading the tokenizer %s: %w", f.file(tokenizerFile), err)
	}
	t := &tokenizer{ids: ids, maxLength: f.MaxSeqLength, prompt: c.Prompt}
	if c.LongText != Chunk {
		return t, nil
	}
	t.chunked = true
	if t.continues, err = continuations(b); err != nil {
		return nil, fmt.Errorf("reading the vocabulary of %s: %w", f.file(tokenizerFile), err)
	}
	if t.promptIDs, err = t.content(c.Prompt); err != nil {
		return nil, err
	}
	if len(t.promptIDs) > f.MaxSeqLength/2 {
		return nil, fmt.Errorf("the prompt has %d tokens, the model reads %d at once", len(t.promptIDs), f.MaxSeqLength)
	}
	return t, nil
}

// withoutTruncation switches off what a tokenizer.json cuts and pads.
func withoutTruncation(tokenizerJSON []byte) ([]byte, error) {
	var settings map[string]json.RawMessage
	if err := json.Unmarshal(tokenizerJSON, &settings); err != nil {
		return nil, err
	}
	settings["truncation"], settings["padding"] = json.RawMessage("null"), json.RawMessage("null")
	return json.Marshal(settings)
}

// openIDs returns the tokenizer of a tokenizer.json: the Hugging Face one, or, if it is
// BERT's, our own that calls it for what is not ASCII.
func openIDs(tokenizerJSON []byte) (func(string) []uint32, error) {
	hf, err := tokenizers.FromBytes(tokenizerJSON)
	if err != nil {
		return nil, err
	}
	reference := func(text string, special bool) []uint32 { return hf.EncodeWithOptions(text, special).IDs }
	whole := func(text string) []uint32 { return reference(text, true) }
	fast, err := wordpiece.New(tokenizerJSON, reference)
	if errors.Is(err, wordpiece.ErrOther) {
		return whole, nil
	} else if err != nil {
		return nil, err
	}
	for _, text := range sampleTexts {
		if !slices.Equal(fast.Encode(text), whole(text)) {
			return whole, nil // New does not know a setting, and exactness matters more than speed
		}
	}
	return fast.Encode, nil
}

// encode tokenises a text, with the prompt before it.
func (t *tokenizer) encode(text string) (encoded, error) {
	clean, cut, repaired := cleanText(text, maxTextBytes)
	ids := t.beginning(clean)
	if len(ids) < 2 {
		return encoded{}, errors.New("the tokenizer returned no tokens")
	}
	e := encoded{sequences: [][]uint32{ids}, total: len(ids), truncated: cut, repaired: repaired}
	if len(ids) <= t.maxLength {
		return e, nil
	}
	first, last := ids[0], ids[len(ids)-1]
	if !t.chunked {
		// A copy: the tokens of all of the text would be kept until these are embedded.
		ids = slices.Clone(ids[:t.maxLength])
		ids[t.maxLength-1] = last
		e.sequences[0], e.truncated = ids, true
		return e, nil
	}
	content := ids[1+len(t.promptIDs) : len(ids)-1]
	continues := func(id uint32) bool { return t.continues[id] }
	e.sequences = splitTokens(content, continues, t.maxLength-2-len(t.promptIDs), overlapTokens)
	for i, window := range e.sequences {
		sequence := append(make([]uint32, 0, t.maxLength), first)
		sequence = append(append(sequence, t.promptIDs...), window...)
		e.sequences[i] = append(sequence, last)
	}
	return e, nil
}

// beginning returns the tokens of as much of a text as the model reads. They are the same as
// the first tokens of the whole text.
func (t *tokenizer) beginning(text string) []uint32 {
	for size := firstBytes; ; size *= 4 {
		part := text
		if !t.chunked {
			part = text[:cutAt(text, size)]
		}
		ids := t.ids(t.prompt + part)
		if len(part) == len(text) || len(ids) > t.maxLength+wordTokens {
			return ids
		}
	}
}

// content returns a text's tokens without [CLS] and [SEP].
func (t *tokenizer) content(text string) ([]uint32, error) {
	ids := t.ids(text)
	if len(ids) < 2 {
		return nil, errors.New("the tokenizer returned no tokens")
	}
	return ids[1 : len(ids)-1], nil
}

// cleanText makes a text safe to hand to C: valid UTF-8, at most so many bytes, and
// without NUL bytes, at which C would end it. The BERT normaliser drops NUL and U+FFFD
// anyway, so vectors do not change.
func cleanText(text string, maxBytes int) (clean string, cut, repaired bool) {
	end := cutAt(text, maxBytes)
	clean, cut = text[:end], end < len(text)
	if !utf8.ValidString(clean) {
		clean, repaired = strings.ToValidUTF8(clean, "\uFFFD"), true
	}
	if strings.IndexByte(clean, 0) >= 0 {
		clean, repaired = strings.ReplaceAll(clean, "\x00", ""), true
	}
	return clean, cut, repaired
}

// cutAt returns where a text is cut, between two characters, to have at most so many bytes.
func cutAt(text string, maxBytes int) int {
	if len(text) <= maxBytes {
		return len(text)
	}
	end := maxBytes
	for end > maxBytes-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return end
}
