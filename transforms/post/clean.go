package post

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// white is the white space that is cut from around a text.
const white = " \t\n\v\f\r"

// AppendText appends the text of a JSON string, which has its quotes, and cleans it: the entities
// &amp;, &lt; and &gt; are unescaped once, lines end in \n, a NUL and each byte that is not UTF-8
// become U+FFFD, and white space around the text is cut. The string must be valid JSON.
func AppendText(to, quoted []byte) []byte {
	start := len(to)
	to = appendDecoded(to, quoted[1:len(quoted)-1])
	t := to[start:]
	for _, r := range replacements {
		if bytes.IndexByte(t, r.old[0]) >= 0 { // most texts have none, and ReplaceAll copies them
			t = bytes.ReplaceAll(t, r.old, r.new)
		}
	}
	t = bytes.Trim(t, white)
	if !utf8.Valid(t) || bytes.IndexByte(t, 0) >= 0 {
		t = bytes.Map(func(r rune) rune { // which takes a byte that is not UTF-8 for U+FFFD
			if r == 0 {
				return utf8.RuneError
			}
			return r
		}, t)
	}
	return append(to[:start], t...)
}

// replacements are made in this order. &amp; comes after the other entities, so that &amp;lt; becomes &lt;.
var replacements = []struct{ old, new []byte }{
	{[]byte("&lt;"), []byte("<")}, {[]byte("&gt;"), []byte(">")}, {[]byte("&amp;"), []byte("&")},
	{[]byte("\r\n"), []byte("\n")}, {[]byte("\r"), []byte("\n")},
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
			r := code(s)
			if utf16.IsSurrogate(r) {
				pair := utf8.RuneError // a surrogate alone is not a character
				if len(s) >= 12 && s[6] == '\\' && s[7] == 'u' {
					pair = utf16.DecodeRune(r, code(s[6:]))
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
func code(s []byte) rune {
	n, _ := strconv.ParseUint(string(s[2:6]), 16, 32) // the string is valid JSON
	return rune(n)
}
