package layout

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// fileJSON is a File as JSON. The paths have their own type, because a path may hold any bytes
// and JSON is Unicode: encoding/json would silently turn one into the path of another file.
type fileJSON struct {
	Subreddit string `json:"subreddit"`
	Input     Path   `json:"input"`
	Output    Path   `json:"output"`
	Anew      bool   `json:"anew,omitempty"`
	Crashes   int    `json:"crashes,omitempty"`
}

// MarshalJSON writes a byte of a path that is not valid UTF-8, such as \xe9, as the surrogate
// \udce9. Python reads it in the same way, and passes the original byte to the system.
func (f File) MarshalJSON() ([]byte, error) {
	return json.Marshal(fileJSON{f.Subreddit, Path(f.Input), Path(f.Output), f.Anew, f.Crashes})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *File) UnmarshalJSON(b []byte) error {
	var j fileJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return fmt.Errorf("reading a file's paths: %w", err)
	}
	*f = File{j.Subreddit, string(j.Input), string(j.Output), j.Anew, j.Crashes}
	return nil
}

// Path is a path whose bytes survive JSON.
type Path string

// The escapes of single bytes: \udc80 to \udcff.
const (
	byteEscape = `\udc`
	escapeSize = len(byteEscape) + 2
)

// MarshalJSON writes each byte that is not valid UTF-8 as its own escape.
func (p Path) MarshalJSON() ([]byte, error) {
	out := []byte{'"'}
	for rest := string(p); rest != ""; {
		valid := validPrefix(rest)
		b, err := json.Marshal(rest[:valid])
		if err != nil {
			return nil, err
		}
		out = append(out, b[1:len(b)-1]...)
		if rest = rest[valid:]; rest != "" {
			out = fmt.Appendf(out, "%s%02x", byteEscape, rest[0])
			rest = rest[1:]
		}
	}
	return append(out, '"'), nil
}

// validPrefix returns how many bytes at the beginning of s are valid UTF-8.
func validPrefix(s string) int {
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(s)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (p *Path) UnmarshalJSON(b []byte) error {
	var path strings.Builder
	raw := strings.TrimSuffix(strings.TrimPrefix(string(b), `"`), `"`)
	for raw != "" {
		size := plainSize(raw)
		var plain string
		if err := json.Unmarshal([]byte(`"`+raw[:size]+`"`), &plain); err != nil {
			return err
		}
		path.WriteString(plain)
		if raw = raw[size:]; raw != "" {
			value, _ := singleByte(raw)
			path.WriteByte(value)
			raw = raw[escapeSize:]
		}
	}
	*p = Path(path.String())
	return nil
}

// plainSize returns how much of a JSON string comes before the next escape of a single byte.
func plainSize(raw string) int {
	for i := 0; i < len(raw); {
		if _, ok := singleByte(raw[i:]); ok {
			return i
		}
		switch {
		case raw[i] != '\\':
			i++
		case isHighSurrogate(raw[i:]):
			i += 2 * escapeSize // its other half does not stand for a byte
		default:
			i += 2
		}
	}
	return len(raw)
}

// singleByte returns the byte whose escape raw begins with.
func singleByte(raw string) (byte, bool) {
	if len(raw) < escapeSize || !strings.EqualFold(raw[:len(byteEscape)], byteEscape) {
		return 0, false
	}
	value, err := strconv.ParseUint(raw[len(byteEscape):escapeSize], 16, 8)
	return byte(value), err == nil && value >= utf8.RuneSelf
}

// isHighSurrogate reports whether raw begins with \ud800 to \udbff.
func isHighSurrogate(raw string) bool {
	if len(raw) < escapeSize || raw[1] != 'u' {
		return false
	}
	value, err := strconv.ParseUint(raw[2:escapeSize], 16, 16)
	return err == nil && value >= 0xd800 && value < 0xdc00
}
