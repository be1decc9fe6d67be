package post

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
)

// key is a field of a line that is looked at.
type key int

const (
	keyAuthor key = iota
	keyBody
	keyCreatedUTC
	keyID
	keyLinkID
	keyMeta
	keyName
	keyParentID
	keyRetrievedOn
	keyRetrievedUTC
	keyRetrieved2ndOn
	keyScore
	keySelftext
	keySubreddit
	keyTitle
	keyWasDeletedLater
	keyCount
	keyOther key = -1
)

// keyNames are the fields' names in a dump.
var keyNames = [keyCount]string{
	"author", "body", "created_utc", "id", "link_id", "_meta", "name", "parent_id", "retrieved_on", "retrieved_utc",
	"retrieved_2nd_on", "score", "selftext", "subreddit", "title", "was_deleted_later",
}

// keyOf does not look into keyNames: the compiler makes this switch much faster than a map.
func keyOf(name []byte) key {
	switch string(name) {
	case "author":
		return keyAuthor
	case "body":
		return keyBody
	case "created_utc":
		return keyCreatedUTC
	case "id":
		return keyID
	case "link_id":
		return keyLinkID
	case "_meta":
		return keyMeta
	case "name":
		return keyName
	case "parent_id":
		return keyParentID
	case "retrieved_on":
		return keyRetrievedOn
	case "retrieved_utc":
		return keyRetrievedUTC
	case "retrieved_2nd_on":
		return keyRetrieved2ndOn
	case "score":
		return keyScore
	case "selftext":
		return keySelftext
	case "subreddit":
		return keySubreddit
	case "title":
		return keyTitle
	case "was_deleted_later":
		return keyWasDeletedLater
	}
	return keyOther
}

// values are the fields of one object: each as it stands in the JSON, strings with their quotes.
// A field that is not there is nil.
type values [keyCount][]byte

// object reads the fields of the JSON object b. If a key is there twice the last one counts.
// It returns ErrNotJSON or ErrNotObject if b is something else.
func (v *values) object(b []byte) error {
	*v = values{}
	if v.scan(b) {
		return nil
	}
	return v.decode(b)
}

// decode does what scan does, slowly, and for all that encoding/json reads.
func (v *values) decode(b []byte) error {
	if !json.Valid(b) {
		return ErrNotJSON
	}
	if bytes.TrimLeft(b, " \t\r\n")[0] != '{' {
		return ErrNotObject
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return ErrNotJSON // too deep for encoding/json, though not for its Valid
	}
	*v = values{}
	for i, name := range keyNames {
		v[i] = fields[name]
	}
	return nil
}

// scan reads an object in one pass. It returns false for everything that it is not sure of: what
// is not JSON, and what is rare. If it returns true, encoding/json reads the same values.
func (v *values) scan(b []byte) bool {
	i := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	end, ok := nested(b, i, mostDepth, v)
	return ok && space(b, end) == len(b)
}

// mostDepth is how deep objects and arrays may be in each other.
const mostDepth = 64

// space returns where the white space from i on ends.
func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// value returns where the value that begins at i ends, if at most depth objects and arrays in it are
// in each other.
func value(b []byte, i, depth int) (end int, ok bool) {
	if i >= len(b) {
		return 0, false
	}
	switch c := b[i]; c {
	case '"':
		end, _, ok = text(b, i+1)
		return end, ok
	case '{', '[':
		return nested(b, i, depth, nil)
	case 't':
		return word(b, i, "true")
	case 'f':
		return word(b, i, "false")
	case 'n':
		return word(b, i, "null")
	}
	return number(b, i)
}

func word(b []byte, i int, w string) (end int, ok bool) {
	end = i + len(w)
	return end, end <= len(b) && string(b[i:end]) == w
}

// ones has a one in each byte.
const ones = 0x0101010101010101

// text returns where the string whose first byte is at i ends, after its closing quote. It checks
// eight bytes at a time for a quote, a backslash, or a control character (see "Determine if a word
// has a zero byte" and "a byte less than n" in Sean Anderson's Bit Twiddling Hacks).
func text(b []byte, i int) (end int, escaped, ok bool) {
	for i < len(b) {
		if i+8 <= len(b) {
			w := binary.LittleEndian.Uint64(b[i:])
			quote, slash := w^(ones*'"'), w^(ones*'\\')
			// Only the lowest byte that is found is sure to be one; the borrow disturbs those above.
			found := ((quote-ones)&^quote | (slash-ones)&^slash | (w-ones*' ')&^w) & (ones * 0x80)
			if found == 0 {
				i += 8
				continue
			}
			i += bits.TrailingZeros64(found) / 8
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, escaped, true
		case c == '\\':
			size := escape(b[i:])
			if size == 0 {
				return 0, false, false
			}
			escaped = true
			i += size
		case c < ' ':
			return 0, false, false
		default:
			i++
		}
	}
	return 0, false, false
}

// escape returns the length of the escape with which b begins, or 0 if b begins with none.
func escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && hex(b[2]) && hex(b[3]) && hex(b[4]) && hex(b[5]) {
			return 6
		}
	}
	return 0
}

func hex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// number returns where the number that begins at i ends.
func number(b []byte, i int) (end int, ok bool) {
	if i < len(b) && b[i] == '-' {
		i++
	}
	first := i
	i = digits(b, i)
	if i == first || b[first] == '0' && i > first+1 {
		return 0, false
	}
	if i < len(b) && b[i] == '.' {
		first = i + 1
		if i = digits(b, first); i == first {
			return 0, false
		}
	}
	if i < len(b) && b[i]|0x20 == 'e' {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		first = i
		if i = digits(b, first); i == first {
			return 0, false
		}
	}
	return i, true
}

func digits(b []byte, i int) int {
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	return i
}

// nested returns where the object or array that begins at i ends, if it is at most depth deep. It keeps
// the fields of an object in v, if v is not nil and no name has an escape.
func nested(b []byte, i, depth int, v *values) (end int, ok bool) {
	closing := b[i] + 2 // '{' + 2 is '}', '[' + 2 is ']'
	i = space(b, i+1)
	if i < len(b) && b[i] == closing {
		return i + 1, depth > 0
	}
	for depth > 0 {
		var name []byte
		if closing == '}' {
			start, escaped := i+1, false
			if i >= len(b) || b[i] != '"' {
				return 0, false
			}
			if i, escaped, ok = text(b, start); !ok || escaped && v != nil {
				return 0, false
			}
			name = b[start : i-1]
			if i = space(b, i); i >= len(b) || b[i] != ':' {
				return 0, false
			}
			i = space(b, i+1)
		}
		from := i
		if i, ok = value(b, i, depth-1); !ok {
			return 0, false
		}
		if v != nil {
			if k := keyOf(name); k != keyOther {
				v[k] = b[from:i]
			}
		}
		if i = space(b, i); i >= len(b) {
			return 0, false
		}
		switch b[i] {
		case ',':
			i = space(b, i+1)
		case closing:
			return i + 1, true
		default:
			return 0, false
		}
	}
	return 0, false
}
