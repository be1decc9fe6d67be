package wordpiece

import "strings"

// Encode returns the tokens of a text, with [CLS] before and [SEP] after them. The text
// must be valid UTF-8 without NUL.
func (t *Tokenizer) Encode(text string) []uint32 {
	ids := append(make([]uint32, 0, len(text)/4+8), t.first)
	var word [128]byte // grows on the heap for longer ones
	buffer := word[:0]
	for at := 0; at < len(text); {
		if t.classes[text[at]] == space {
			at++
			continue
		}
		end, ours := t.piece(text, at)
		if ours {
			ids = t.ascii(ids, text[at:end], buffer)
		} else {
			ids = append(ids, t.reference(text[at:end], false)...)
		}
		at = end
	}
	return append(ids, t.last)
}

// piece returns where the piece that begins at start ends, and whether it is
// ASCII without special tokens.
func (t *Tokenizer) piece(text string, start int) (end int, ours bool) {
	ours = true
	for end = start; end < len(text); end++ {
		c := t.classes[text[end]]
		if c == space {
			break
		}
		ours = ours && c != foreign
	}
	if ours {
		for _, s := range t.special {
			if strings.Contains(text[start:end], s) {
				return end, false
			}
		}
	}
	return end, ours
}

// ascii appends the tokens of a piece without white space. buffer is scratch.
func (t *Tokenizer) ascii(ids []uint32, piece string, buffer []byte) []uint32 {
	buffer = buffer[:0]
	for i := range len(piece) {
		b := piece[i]
		switch t.classes[b] {
		case punct:
			ids = t.word(ids, buffer)
			buffer = buffer[:0]
			ids = t.word(ids, []byte{b})
		case inWord:
			buffer = append(buffer, t.lower[b])
		}
	}
	return t.word(ids, buffer)
}

// word appends a word's tokens: the longest token that begins the word, and then again
// and again the longest one that continues it. If there is none, the whole word becomes
// one unknown token.
func (t *Tokenizer) word(ids []uint32, word []byte) []uint32 {
	if len(word) == 0 {
		return ids
	}
	if len(word) > t.maxChars {
		return append(ids, t.unknown)
	}
	if id, ok := t.words[string(word)]; ok {
		return append(ids, id)
	}
	known := len(ids)
	tokens := t.words
	for len(word) > 0 {
		n := min(len(word), t.longest)
		for ; n > 0; n-- {
			if id, ok := tokens[string(word[:n])]; ok {
				ids = append(ids, id)
				break
			}
		}
		if n == 0 {
			return append(ids[:known], t.unknown)
		}
		word, tokens = word[n:], t.parts
	}
	return ids
}
