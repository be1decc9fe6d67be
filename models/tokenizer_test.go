package models

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/daulet/tokenizers"

	"github.com/threadloom/threadloom/models/wordpiece"
)

func TestCleanText(t *testing.T) {
	long := strings.Repeat("a", maxTextBytes-1) + "é"
	for _, c := range []struct {
		name, in, want string
		cut, repaired  bool
	}{
		{"plain", "héllo", "héllo", false, false},
		{"empty", "", "", false, false},
		{"invalid", "a\xffb", "a\uFFFDb", false, true},
		{"NUL", "a\x00b", "ab", false, true},
		{"cut at a character", long, strings.Repeat("a", maxTextBytes-1), true, false},
	} {
		got, cut, repaired := cleanText(c.in, maxTextBytes)
		if got != c.want || cut != c.cut || repaired != c.repaired {
			t.Errorf("%s: got %.20q cut %v repaired %v", c.name, got, cut, repaired)
		}
		if !utf8.ValidString(got) || strings.Contains(got, "\x00") {
			t.Errorf("%s: not safe to hand to C", c.name)
		}
	}
}

// bothTokenizers returns ours, and the Hugging Face one that it must equal.
func bothTokenizers(t testing.TB) (*wordpiece.Tokenizer, wordpiece.Reference) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2", tokenizerFile))
	if err != nil {
		t.Fatalf("read the tokenizer (did 'make setup' run?): %v", err)
	}
	b, err = withoutTruncation(b)
	if err != nil {
		t.Fatal(err)
	}
	hf, err := tokenizers.FromBytes(b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hf.Close() })
	reference := func(text string, special bool) []uint32 { return hf.EncodeWithOptions(text, special).IDs }
	ours, err := wordpiece.New(b, reference)
	if err != nil {
		t.Fatal(err)
	}
	return ours, reference
}

var hardTexts = []string{
	"", " ", "\r\n\t", "a", "A", "Hello, World!", "it's a 4-day week; $3.50 (50%)", "##s #s s##", "unaffable UNBELIEVABLE",
	"a\x0bb\x0cc\x7fd\x01", "\x01", "x\x1f\x1f y", "[MASK]", "say[MASK]it", "[mask] [CLS][SEP] [ CLS ] [UNK", "[C\x01LS]",
	strings.Repeat("a", 100), strings.Repeat("a", 101), strings.Repeat("q", 129) + "!", strings.Repeat("\x01", 200) + "w",
	"qzxj" + strings.Repeat("~", 300), "naïve café", "don’t “quote” it…", "lol same 😂👨‍👩‍👧", "漢字 kanji漢字mixed",
	"e\u0301 \u0301x a\u0301", "İstanbul ΣΑΣ ς", "\u00a0nb\u00a0sp\u2003em\u3000", "\u200bzero\u200dwidth\ufeff", "\uFFFD a\uFFFDb",
	"\u0085next\u2028line\u2029", "עברית العربية हिन्दी ไทย", "ﬁ ﬂ Å ß ẞ", "http://x.y/z?a=b&c=d#e_f", "snake_case CamelCase x^2 `code` <tag>",
}

func TestWordpieceEqualsTheReference(t *testing.T) {
	ours, reference := bothTokenizers(t)
	for _, text := range append(slices.Clone(hardTexts), sampleTexts...) {
		if got, want := ours.Encode(text), reference(text, true); !slices.Equal(got, want) {
			t.Errorf("%.60q: got %v, want %v", text, got, want)
		}
	}
}

func TestAnotherTokenizerIsLeftToTheLibrary(t *testing.T) {
	around := func(string, bool) []uint32 { return []uint32{1, 2} }
	for _, settings := range []string{
		`{}`,
		`{"model": {"type": "Unigram", "vocab": [["a", 1]]}}`,
		`{"normalizer": {"type": "BertNormalizer", "clean_text": true}, "pre_tokenizer": {"type": "Metaspace"}}`,
	} {
		if _, err := wordpiece.New([]byte(settings), around); err == nil {
			t.Errorf("%s passed for BERT's", settings)
		}
	}
}

func FuzzWordpiece(f *testing.F) {
	for _, text := range hardTexts {
		f.Add(text)
	}
	ours, reference := bothTokenizers(f)
	f.Fuzz(func(t *testing.T, text string) {
		text, _, _ = cleanText(text, maxTextBytes)
		if got, want := ours.Encode(text), reference(text, true); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

// BenchmarkTokenizers compares ours with the Hugging Face one, on prose.
func BenchmarkTokenizers(b *testing.B) {
	ours, reference := bothTokenizers(b)
	text := strings.Join(sampleTexts, " ")
	for name, encode := range map[string]func(string) []uint32{
		"ours":      ours.Encode,
		"reference": func(text string) []uint32 { return reference(text, true) },
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for range b.N {
				encode(text)
			}
		})
	}
}
