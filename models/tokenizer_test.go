package models

import (
	"strings"
	"testing"
	"unicode/utf8"
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
