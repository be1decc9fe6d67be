package search

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// text is a text that anybody may have written.
type text string

// MarshalJSON also escapes characters that control a terminal.
func (t text) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(string(t))
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	for _, r := range string(b) { // what JSON may hold unescaped, and is neither visible nor a space
		if unicode.IsPrint(r) || isJoiner(r) || r > 0xffff {
			out.WriteRune(r)
		} else {
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return []byte(out.String()), nil
}

// isJoiner reports whether a rune joins others into one character, as in emoji, and is invisible itself.
func isJoiner(r rune) bool { return r == '\u200c' || r == '\u200d' }

// oneLine returns a text for a terminal: white space becomes a space, and invisible characters are escaped.
func oneLine(s string) string {
	return strings.Join(strings.Fields(shown(s)), " ")
}

// shown returns a text for a terminal, and keeps its lines.
func shown(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\n' || unicode.IsPrint(r) || isJoiner(r):
			b.WriteRune(r)
		case unicode.IsSpace(r):
			b.WriteByte(' ')
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// lineWidth is how many characters of a line are shown.
const lineWidth = 120

func cut(s string) string {
	if runes := []rune(s); len(runes) > lineWidth {
		return string(runes[:lineWidth-1]) + "…"
	}
	return s
}

// Text lists the hits, for readers.
func (r *Result) Text() string {
	var b strings.Builder
	for i, a := range r.Answers {
		if i > 0 {
			b.WriteByte('\n')
		}
		if len(r.Answers) > 1 {
			fmt.Fprintf(&b, "%s\n", cut(oneLine(string(a.Question))))
		}
		if len(a.Hits) == 0 {
			fmt.Fprintf(&b, "no chain was found among %d\n", r.Rows)
		}
		for _, h := range a.Hits {
			h.write(&b, r.long)
		}
	}
	return b.String()
}

// indent is before the lines of a hit below its first.
const indent = "            "

func (h *Hit) write(b *strings.Builder, long bool) {
	fmt.Fprintf(b, "%3d  %5.3f  %s", h.Rank, h.Score, oneLine(string(h.Subreddit)))
	if h.Created != "" {
		fmt.Fprintf(b, "  %s", h.Created[:len("2006-01-02")])
	}
	switch {
	case h.Label != nil && *h.Label < 0:
		b.WriteString("  (noise)")
	case h.Label != nil:
		fmt.Fprintf(b, "  %d: %s", *h.Label, oneLine(string(h.Cluster)))
	}
	if h.ChainID != "" {
		fmt.Fprintf(b, "  %s", oneLine(string(h.ChainID)))
	}
	b.WriteByte('\n')
	line := func(s string) {
		if s != "" {
			fmt.Fprintf(b, "%s%s\n", indent, s)
		}
	}
	line(cut(oneLine(string(h.Title))))
	line(cut(oneLine(string(h.FirstLine))))
	if long {
		for whole := range strings.Lines(shown(string(h.Text))) {
			line(strings.TrimRight(whole, "\n"))
		}
	}
	line(oneLine(string(h.Link)))
	if h.Missing != "" {
		line("(no text: " + h.Missing + ")")
	}
}
