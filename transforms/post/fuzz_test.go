package post

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzObject compares the scanner with encoding/json: both must accept the same lines, and read the same values.
func FuzzObject(f *testing.F) {
	for _, line := range []string{
		`{}`, `{"id":"c1","body":"a\n\u00e9","score":-1.5e+3,"x":[{},[],{"a":[1,2,{"b":null}]}]}`, ` { "body" : "x" , "body" : null } `,
		`{"bo\u0064y":"x"}`, `{"a":01}`, `{"a":"\ud800"}`, `{"_meta":{"was_deleted_later":true}}`, `[{}]`, `null`, `{"a":tru}`, `{"a":[1,]}`, `{"a":{"b"}}`, "{\"a\":\"\x01\"}", `{"a":-}`, `{"a":1.}`,
		`{"a":` + strings.Repeat("[", 70) + strings.Repeat("]", 70) + `}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if len(bytes.Trim(line, " \t\r\n")) == 0 {
			return
		}
		var ours, theirs values
		err := ours.object(line)
		want := theirs.decode(line)
		if !errors.Is(err, want) {
			t.Fatalf("got error %v, encoding/json's is %v", err, want)
		}
		if err != nil {
			return
		}
		for i, name := range keyNames {
			if !bytes.Equal(ours[i], theirs[i]) || (ours[i] == nil) != (theirs[i] == nil) {
				t.Errorf("%s: got %q, encoding/json reads %q", name, ours[i], theirs[i])
			}
		}
	})
}

// FuzzText compares the cleaned text with one that encoding/json and strings make.
func FuzzText(f *testing.F) {
	for _, s := range []string{`a &amp;lt; b`, `\r\n\ud83d\ude00 \ud83d`, "\xe2\x82\\u0000", `\u0026gt;`, `&am\u0070;`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		quoted := append(append([]byte{'"'}, content...), '"')
		var plain string
		if json.Unmarshal(quoted, &plain) != nil {
			return
		}
		plain = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(plain)
		plain = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(plain)
		plain = strings.ReplaceAll(strings.Trim(plain, white), "\x00", "\uFFFD")
		got := AppendText(nil, quoted)
		if string(got) != plain || !utf8.Valid(got) {
			t.Fatalf("%q: got %q, want %q", content, got, plain)
		}
	})
}
