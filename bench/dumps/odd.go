package main

import (
	"bytes"
	"strconv"
	"strings"
)

// One line in so many is broken, and one is odd. Even in a small dump less than 1 % of the lines are broken.
const (
	eachBroken = 150
	eachOdd    = 40
)

// breaks turn a good line into one that cannot be read or that says nothing.
var breaks = []func(line []byte) []byte{
	func(line []byte) []byte { return line[:len(line)/2] },
	replacer(`"subreddit":`, `"of":`), // as submissions that are advertisements
	func([]byte) []byte { return nil },
	func([]byte) []byte { return []byte("[1, 2]") },
	replacer(`"created_utc":`, `"created_utc":-1,"was":`),
	replacer(`"id":"`, `"id":"-`),
	func([]byte) []byte { return []byte(" \t\r") },
	replacer(`{`, `{"gilded":NaN,`),
	func([]byte) []byte { return []byte("null") },
	replacer(`"score":`, `"score":"many","was":`),
	func(line []byte) []byte { return append(bytes.Clone(line), '}') },
	func(line []byte) []byte { return append([]byte("\xef\xbb\xbf"), line...) },
	replacer(`"subreddit":"`, `"subreddit":"../`),
}

// oddities write a line in another way that means the same.
var oddities = []func(line []byte) []byte{
	replacer(`"body":`, `"\u0062ody":`),
	replacer(`{`, `{"score":1e6,"subreddit":"first","body":7,`), // if a key comes twice, the later one counts
	replacer(`{`, `{"preview":{"id":"z","body":"}{","_meta":{"was_deleted_later":true}},`),
	replacer(`"id":`, "\"id\" :\t"),
	replacer(`{`, `{"BODY":"of another case","Id":"zz",`),
	func(line []byte) []byte { return append(append([]byte("  "), line...), ' ') },
	withoutID,
}

func replacer(old, other string) func([]byte) []byte {
	return func(line []byte) []byte { return bytes.Replace(line, []byte(old), []byte(other), 1) }
}

// withoutID removes the id of a comment that also has a name.
func withoutID(line []byte) []byte {
	before, rest, _ := bytes.Cut(line, []byte(`"id":`))
	_, after, found := bytes.Cut(rest, []byte(","))
	if !found || !bytes.Contains(line, []byte(`"name":"t1_`)) {
		return line
	}
	return append(bytes.Clone(before), after...)
}

// emit writes the line of a post. Now and then it writes a broken line, too.
func (g *generator) emit(p *post) {
	dump, form := 0, g.era.comment
	if p.submission {
		dump, form = 1, g.era.submission
	}
	g.line = form.appendLine(g.line[:0], p, g.era.created)
	g.lines[dump]++
	line := g.line
	if g.lines[dump]%eachOdd == 0 && !p.submission {
		g.strange++
		line = oddities[g.strange%len(oddities)](line)
	}
	g.end(dump, line)
	if g.lines[dump]%eachBroken == 0 {
		g.strange++
		g.end(dump, breaks[g.strange%len(breaks)](g.line))
	}
}

// end writes a line with one of the two line endings.
func (g *generator) end(dump int, line []byte) {
	end := "\n"
	if g.chance(5) {
		end = "\r\n"
	}
	for _, part := range [][]byte{line, []byte(end)} {
		if _, err := g.sinks[dump].Write(part); err != nil && g.err == nil {
			g.err = err
		}
	}
}

func base36(id uint64) string { return strings.ToLower(strconv.FormatUint(id, 36)) }
