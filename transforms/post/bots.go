package post

import (
	_ "embed"
	"strings"
)

//go:embed bots.txt
var bundledBots string

// Bots is a set of names of authors.
type Bots map[string]bool

// BundledBots returns the names of well-known bots.
func BundledBots() Bots { return ParseBots(bundledBots) }

// ParseBots reads a list: one name a line, and # before remarks.
func ParseBots(list string) Bots {
	bots := Bots{}
	for line := range strings.Lines(list) {
		if name := strings.ToLower(strings.TrimSpace(line)); name != "" && name[0] != '#' {
			bots[name] = true
		}
	}
	return bots
}

// Wrote reports whether a bot wrote p.
func (b Bots) Wrote(p *Post) bool {
	if len(p.author) < 2 || len(b) == 0 {
		return false
	}
	var room [longestName]byte
	return b[string(AppendLower(room[:0], p.author[1:len(p.author)-1]))]
}

// AppendLower appends a name with its ASCII letters in lower case.
func AppendLower(to, name []byte) []byte {
	start := len(to)
	to = append(to, name...)
	for i, c := range to[start:] {
		if 'A' <= c && c <= 'Z' {
			to[start+i] = c + 'a' - 'A'
		}
	}
	return to
}
