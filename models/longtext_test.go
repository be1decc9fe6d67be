package models

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/models/wordpiece"
)

// longBytes is more than the tokenizer reads of a text at first.
const longBytes = firstBytes + 5000

// fills are parts that make a text long but add few tokens or none.
var fills = map[string]string{
	"blanks": " ", "lines": "\n", "control characters": "\x01", "combining marks": "\u0301", "zero-width spaces": "\u200b",
	"wide blanks": "\u3000", "replacement characters": "\ufffd", "invalid bytes": "\xff", "NUL": "\x00", "one endless word": "a", "one endless word of marks": "e\u0301",
}

func fill(s string, bytes int) string { return strings.Repeat(s, bytes/len(s)) }

// wholeText returns the tokenizer, and the Hugging Face one. The tokenizer must return the
// first tokens that the other one returns for the whole text.
func wholeText(t *testing.T) (*tokenizer, wordpiece.Reference) {
	t.Helper()
	_, reference := bothTokenizers(t)
	folder := &Folder{Path: filepath.Join(CompiledIn(), "build", "models", "all-MiniLM-L6-v2"), MaxSeqLength: 256}
	ours, err := openTokenizer(folder, Config{LongText: Truncate})
	if err != nil {
		t.Fatal(err)
	}
	return ours, reference
}

func checkWhole(t *testing.T, ours *tokenizer, reference wordpiece.Reference, texts ...string) {
	t.Helper()
	for _, text := range texts {
		clean, _, _ := cleanText(text, len(text))
		want := reference(clean, true)
		truncated := len(want) > ours.maxLength
		if truncated {
			want = append(want[:ours.maxLength-1], want[len(want)-1])
		}
		got, err := ours.encode(text)
		if err != nil || !slices.Equal(got.sequences[0], want) || got.truncated != truncated {
			t.Errorf("%.20q, %d bytes: got %d tokens, truncated %v, error %v; want %d, %v",
				text, len(text), len(got.sequences[0]), got.truncated, err, len(want), truncated)
		}
	}
}

func TestWhatGivesNoTokensHidesNothing(t *testing.T) {
	ours, reference := wholeText(t)
	const words = " the dog went home"
	for name, s := range fills {
		t.Run(name, func(t *testing.T) {
			long := fill(s, longBytes)
			checkWhole(t, ours, reference, long+words, "ten letters"+long+words, long,
				fill(s, 4*longBytes)+strings.Repeat(words, 300), long+strings.Repeat(words, 10)+long+words)
		})
	}
}

func TestThePlaceOfTheCutDoesNotShow(t *testing.T) {
	ours, reference := wholeText(t)
	for _, tokens := range []int{125, 250, 253, 254, 255, 300, 400} {
		head := strings.Repeat("dog ", tokens)
		head += fill(" ", firstBytes-60-len(head)) // it ends 60 bytes before the cut
		checkWhole(t, ours, reference, head+fill("z", 150)+" home", head+fill("qx", 180)+" home", head+fill(" ", 60), head+fill(" ", 60)+"dog", head+fill("é", 180)+" home")
	}
}

func TestLongTextsAtRandom(t *testing.T) {
	ours, reference := wholeText(t)
	random := rand.New(rand.NewPCG(5, 0))
	pieces := []string{"漢", "😂", "[MASK]", "naïve ", "word ", "qxz", "! "}
	for _, s := range fills {
		pieces = append(pieces, s)
	}
	slices.Sort(pieces) // so that each run of the test is the same
	sizes := []int{1, 3, 60, 20_000, 66_000}
	for range 60 {
		var text strings.Builder
		for range 5 {
			text.WriteString(strings.Repeat(pieces[random.IntN(len(pieces))], sizes[random.IntN(len(sizes))]))
		}
		checkWhole(t, ours, reference, text.String()[:min(text.Len(), 1<<18)])
	}
}

func TestOfATextOfManyMegabytesOneIsRead(t *testing.T) {
	ours, _ := wholeText(t)
	for text, want := range map[string]int{fill(" ", maxTextBytes) + "word": 2, "word" + fill(" ", 4*maxTextBytes): 3} {
		got, err := ours.encode(text)
		if err != nil || len(got.sequences[0]) != want || !got.truncated {
			t.Errorf("%d bytes: %d tokens, truncated %v, error %v", len(text), len(got.sequences[0]), got.truncated, err)
		}
	}
}
