package post

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// white is the white space that is cut from around a text.
const white = " \t\n\v\f\r"

// replacement stands for what is not a character.
const replacement = "\uFFFD"

// AppendText appends the text of a JSON string, which has its quotes, and cleans it: the entities
// &amp;, &lt; and &gt; are unescaped once, lines end in \n, a NUL and each byte that is not UTF-8
// become U+FFFD, and white space around the text is cut. The string must be valid JSON.
func AppendText(to, quoted []byte) []byte {
	start := len(to)
	to = appendDecoded(to, quoted[1:len(quoted)-1])
	t := to[start:]
	if bytes.IndexByte(t, '&') >= 0 {
		t = unescapeEntities(t)
	}
	if bytes.IndexByte(t, '\r') >= 0 {
		t = endLines(t)
	}
	trimmed := bytes.Trim(t, white)
	n := copy(to[start:], trimmed)
	to = to[:start+n]
	if !utf8.Valid(to[start:]) || bytes.IndexByte(to[start:], 0) >= 0 {
		return replaceInvalid(to, start)
	}
	return to
}

// appendDecoded appends what a JSON string stands for. Its bytes that are not UTF-8 stay.
func appendDecoded(to, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return append(to, s...)
		}
		to = append(to, s[:i]...)
		s = s[i:]
		switch s[1] {
		case 'n':
			to = append(to, '\n')
		case 't':
			to = append(to, '\t')
		case 'r':
			to = append(to, '\r')
		case 'b':
			to = append(to, '\b')
		case 'f':
			to = append(to, '\f')
		case 'u':
			r := rune(code(s))
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError // a surrogate alone is not a character
				if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
					pair = utf16.DecodeRune(r, rune(code(s[6:])))
				}
				if r = pair; r != utf8.RuneError {
					s = s[6:]
				}
			}
			to = utf8.AppendRune(to, r)
			s = s[6:]
			continue
		default:
			to = append(to, s[1])
		}
		s = s[2:]
	}
}

// code is the number in the escape with which s begins: \u and four hexadecimal digits.
func code(s []byte) (n uint32) {
	for _, c := range s[2:6] {
		switch {
		case c <= '9':
			n = n<<4 | uint32(c-'0')
		default:
			n = n<<4 | uint32(c|0x20-'a'+10)
		}
	}
	return n
}

// unescapeEntities works in place: an entity is longer than its character.
func unescapeEntities(t []byte) []byte {
	to := t[:0]
	for {
		i := bytes.IndexByte(t, '&')
		if i < 0 {
			return append(to, t...)
		}
		to = append(to, t[:i]...)
		t = t[i:]
		switch {
		case bytes.HasPrefix(t, []byte("&amp;")):
			to, t = append(to, '&'), t[5:]
		case bytes.HasPrefix(t, []byte("&lt;")):
			to, t = append(to, '<'), t[4:]
		case bytes.HasPrefix(t, []byte("&gt;")):
			to, t = append(to, '>'), t[4:]
		default:
			to, t = append(to, '&'), t[1:]
		}
	}
}

// endLines writes \n for \r\n and for \r, in place.
func endLines(t []byte) []byte {
	to := t[:0]
	for i, c := range t {
		switch {
		case c != '\r':
			to = append(to, c)
		case i+1 == len(t) || t[i+1] != '\n':
			to = append(to, '\n')
		}
	}
	return to
}

// replaceInvalid replaces what is not a character, from start on.
func replaceInvalid(to []byte, start int) []byte {
	t := bytes.Clone(to[start:])
	to = to[:start]
	for len(t) > 0 {
		r, size := utf8.DecodeRune(t)
		if r == utf8.RuneError && size == 1 || r == 0 {
			to = append(to, replacement...)
		} else {
			to = append(to, t[:size]...)
		}
		t = t[size:]
	}
	return to
}
