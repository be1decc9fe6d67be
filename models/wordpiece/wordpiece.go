// Package wordpiece turns text into the tokens of a BERT vocabulary, exactly as
// the Hugging Face tokenizer of the same tokenizer.json does. If the text is ASCII,
// it is many times as fast.
//
// BERT's normaliser and pre-tokenizer never look across white space, so a text
// is split there. A piece of ASCII is tokenised here. Any other piece, and one that
// may have a special token such as [MASK], goes to the Hugging Face tokenizer. So this
// package need not know Unicode.
package wordpiece

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// ErrOther says that a tokenizer.json asks for something that this package cannot do.
// Its texts must go to the Hugging Face tokenizer.
var ErrOther = errors.New("not the tokenizer of an uncased or cased BERT")

// Reference is the Hugging Face tokenizer: it returns a text's tokens, with
// [CLS] and [SEP] around them if special.
type Reference func(text string, special bool) []uint32

// Tokenizer is safe for concurrent use if its Reference is.
type Tokenizer struct {
	reference Reference
	words     map[string]uint32 // tokens that begin a word
	parts     map[string]uint32 // tokens that continue a word, without "##"
	longest   int               // bytes of the longest token
	unknown   uint32
	maxChars  int // a longer word is unknown
	first     uint32
	last      uint32
	special   []string // tokens that are looked for first, such as [MASK]
	classes   [256]class
	lower     [256]byte
}

// class is what a byte means to BERT's normaliser and pre-tokenizer.
type class uint8

const (
	inWord  class = iota // continues a word
	space                // ends a word
	control              // is dropped
	punct                // is a word of its own
	foreign              // is not ASCII
)

// settings are the parts of a tokenizer.json that matter here.
type settings struct {
	Added []struct {
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		LStrip     bool   `json:"lstrip"`
		RStrip     bool   `json:"rstrip"`
		Normalized bool   `json:"normalized"`
	} `json:"added_tokens"`
	Normalizer struct {
		Type      string `json:"type"`
		CleanText bool   `json:"clean_text"`
		Lowercase bool   `json:"lowercase"`
	} `json:"normalizer"`
	PreTokenizer struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	Model struct {
		Type     string            `json:"type"`
		Unknown  string            `json:"unk_token"`
		Prefix   string            `json:"continuing_subword_prefix"`
		MaxChars int               `json:"max_input_chars_per_word"`
		Vocab    map[string]uint32 `json:"vocab"`
	} `json:"model"`
}

// New reads a tokenizer.json. It fails with ErrOther if the file is not that of a BERT.
func New(tokenizerJSON []byte, reference Reference) (*Tokenizer, error) {
	var s settings
	if err := json.Unmarshal(tokenizerJSON, &s); err != nil {
		// A model of another kind may hold its vocabulary in another shape.
		return nil, fmt.Errorf("%w: %w", ErrOther, err)
	}
	unknown, hasUnknown := s.Model.Vocab[s.Model.Unknown]
	switch around := reference("", true); {
	case s.Normalizer.Type != "BertNormalizer" || !s.Normalizer.CleanText:
		return nil, fmt.Errorf("%w: its normalizer is %q", ErrOther, s.Normalizer.Type)
	case s.PreTokenizer.Type != "BertPreTokenizer":
		return nil, fmt.Errorf("%w: its pre-tokenizer is %q", ErrOther, s.PreTokenizer.Type)
	case s.Model.Type != "WordPiece" || s.Model.Prefix == "" || !hasUnknown:
		return nil, fmt.Errorf("%w: its model is %q", ErrOther, s.Model.Type)
	case len(around) != 2:
		return nil, fmt.Errorf("%w: it puts %d tokens around a text", ErrOther, len(around))
	default:
		t := &Tokenizer{
			reference: reference, unknown: unknown, maxChars: s.Model.MaxChars,
			first: around[0], last: around[1],
			words: make(map[string]uint32, len(s.Model.Vocab)), parts: map[string]uint32{},
		}
		for _, a := range s.Added {
			if a.SingleWord || a.LStrip || a.RStrip || a.Normalized || strings.ContainsAny(a.Content, " \t\r\n") || a.Content == "" {
				return nil, fmt.Errorf("%w: its added token %q is no plain one", ErrOther, a.Content)
			}
			t.special = append(t.special, a.Content)
		}
		t.index(s.Model.Vocab, s.Model.Prefix)
		t.classify(s.Normalizer.Lowercase)
		return t, nil
	}
}

// index sorts the vocabulary into beginnings of words and their continuations. A
// token such as "##s" is in both. A text "##s" never becomes it, because "#" is a word of
// its own.
func (t *Tokenizer) index(vocab map[string]uint32, prefix string) {
	for token, id := range vocab {
		t.longest = max(t.longest, len(token))
		if part, ok := strings.CutPrefix(token, prefix); ok {
			t.parts[part] = id
		}
		t.words[token] = id
	}
}

// classify fills the tables of bytes.
func (t *Tokenizer) classify(lowercase bool) {
	for b := range 256 {
		c := byte(b)
		t.lower[b] = c
		switch {
		case c >= 0x80:
			t.classes[b] = foreign
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			t.classes[b] = space
		case c < ' ' || c == 0x7f:
			t.classes[b] = control
		case c >= 'A' && c <= 'Z':
			if lowercase {
				t.lower[b] = c + 'a' - 'A'
			}
		case (c < '0' || c > '9') && (c < 'a' || c > 'z'):
			t.classes[b] = punct
		}
	}
}
