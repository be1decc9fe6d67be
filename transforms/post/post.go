package post

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Errors of lines that hold no usable post. For an odd field there is OddFieldError.
var (
	ErrBlank     = errors.New("blank line")
	ErrNotJSON   = errors.New("not JSON")
	ErrNotObject = errors.New("not a JSON object")
)

// OddFieldError is the error of a line with a field whose value makes no sense.
type OddFieldError struct{ Field string }

func (e *OddFieldError) Error() string { return fmt.Sprintf("odd field %q", e.Field) }

// oddFields has an error for each field, so that a dump of broken lines costs no memory.
var oddFields = func() (errs [keyCount]*OddFieldError) {
	for i, name := range keyNames {
		errs[i] = &OddFieldError{name}
	}
	return errs
}()

func odd(k key) error { return oddFields[k] }

// Post is a comment or a submission. Its slices point into the line.
type Post struct {
	// Comment says that it is a comment, and not a submission.
	Comment bool
	ID      ID
	Link    ID // the submission that it belongs to; for a submission its own id
	// Parent is the comment that this one replies to. Without HasParent it answers the submission.
	Parent    ID
	HasParent bool
	Subreddit []byte // as it is spelled in the line
	Created   int64  // seconds since 1970
	Retrieved int64  // seconds since 1970, or 0
	Score     int32
	HasScore  bool
	// DeletedLater says that the text was deleted after it was written to the dump.
	DeletedLater bool

	author, body, title, selftext []byte // JSON strings, or nil
}

// Parser reads lines. It is not safe for use by several goroutines.
type Parser struct {
	fields, meta values
}

// Parse reads a line into p. It returns ErrBlank, ErrNotJSON, ErrNotObject or an OddFieldError.
func (r *Parser) Parse(line []byte, p *Post) error {
	if len(bytes.Trim(line, " \t\r\n")) == 0 {
		return ErrBlank
	}
	if err := r.fields.object(line); err != nil {
		return err
	}
	*p = Post{}
	if err := r.kind(p); err != nil {
		return err
	}
	if err := r.ids(p); err != nil {
		return err
	}
	var ok bool
	if p.Subreddit, ok = subredditName(r.fields[keySubreddit]); !ok {
		return odd(keySubreddit)
	}
	if p.Created, ok = integer(r.fields[keyCreatedUTC]); !ok || p.Created < 0 || p.Created > lastSecond {
		return odd(keyCreatedUTC)
	}
	if score := r.fields[keyScore]; !isNull(score) {
		n, ok := integer(score)
		if !ok || n < math.MinInt32 || n > math.MaxInt32 {
			return odd(keyScore)
		}
		p.Score, p.HasScore = int32(n), true
	}
	for _, t := range []struct {
		to *[]byte
		key
	}{{&p.author, keyAuthor}, {&p.body, keyBody}, {&p.title, keyTitle}, {&p.selftext, keySelftext}} {
		if raw := r.fields[t.key]; !isNull(raw) {
			if raw[0] != '"' {
				return odd(t.key)
			}
			*t.to = raw
		}
	}
	r.retrieval(p)
	return nil
}

// lastSecond is the end of the year 9999, after which nothing prints a time.
const lastSecond = 253402300799

// kind finds out whether the line is a comment or a submission.
func (r *Parser) kind(p *Post) error {
	switch f := &r.fields; {
	case isNull(f[keyBody]) && !isNull(f[keyTitle]):
	case f[keyBody] != nil:
		p.Comment = true
	default:
		return odd(keyBody)
	}
	return nil
}

func (r *Parser) ids(p *Post) error {
	f := &r.fields
	own := keyID
	if isNull(f[keyID]) {
		own = keyName
	}
	var ok bool
	if p.ID, _, ok = parseID(f[own]); !ok {
		return odd(keyID)
	}
	if !p.Comment {
		p.Link = p.ID
		return nil
	}
	if p.Link, _, ok = parseID(f[keyLinkID]); !ok {
		return odd(keyLinkID)
	}
	if string(f[keyParentID]) == "null" {
		return nil
	}
	var submission bool
	if p.Parent, submission, ok = parseID(f[keyParentID]); !ok {
		return odd(keyParentID)
	}
	p.HasParent = !submission
	return nil
}

// retrieval reads fields that only some dumps have. It ignores odd values.
func (r *Parser) retrieval(p *Post) {
	for _, k := range []key{keyRetrievedOn, keyRetrievedUTC} {
		if n, ok := integer(r.fields[k]); ok {
			p.Retrieved = max(p.Retrieved, n)
		}
	}
	if meta := r.fields[keyMeta]; len(meta) > 0 && meta[0] == '{' && r.meta.object(meta) == nil {
		if n, ok := integer(r.meta[keyRetrieved2ndOn]); ok {
			p.Retrieved = max(p.Retrieved, n)
		}
		p.DeletedLater = string(r.meta[keyWasDeletedLater]) == "true"
	}
}

func isNull(raw []byte) bool { return raw == nil || string(raw) == "null" }

// integer reads an integer, an integer in a string, or a float, whose fraction is dropped.
func integer(raw []byte) (n int64, ok bool) {
	if len(raw) == 0 {
		return 0, false
	}
	quoted := raw[0] == '"'
	if quoted {
		raw = raw[1 : len(raw)-1]
	}
	digits, negative := bytes.CutPrefix(raw, []byte("-"))
	for _, c := range digits {
		if c < '0' || c > '9' {
			if quoted {
				return 0, false
			}
			return float(raw)
		}
		n = n*10 + int64(c-'0')
	}
	const most = 18 // digits of any number that an int64 holds
	if len(digits) == 0 || len(digits) > most {
		return 0, false
	}
	if negative {
		n = -n
	}
	return n, true
}

func float(raw []byte) (n int64, ok bool) {
	const most = 1 << 53 // above this not every integer is a float
	x, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || !(math.Abs(x) <= most) {
		return 0, false
	}
	return int64(x), true
}

// longestName bounds the name of a subreddit. Reddit's own bound is 21, and more for profiles.
const longestName = 64

// subredditName reads the name of a subreddit, which must be usable as a folder's name.
func subredditName(raw []byte) ([]byte, bool) {
	if len(raw) < 3 || raw[0] != '"' || raw[1] == '.' || len(raw)-2 > longestName {
		return nil, false
	}
	name := raw[1 : len(raw)-1]
	for _, c := range name {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '-', c == '.':
		default:
			return nil, false
		}
	}
	return name, true
}

// AppendBody appends a comment's cleaned text. It is empty if the comment is deleted.
func (p *Post) AppendBody(to []byte) []byte { return appendPresent(to, p.body) }

// AppendTitle appends a submission's cleaned title.
func (p *Post) AppendTitle(to []byte) []byte { return appendIfThere(to, p.title) }

// AppendSelftext appends the cleaned text of a submission.
func (p *Post) AppendSelftext(to []byte) []byte { return appendPresent(to, p.selftext) }

// AppendAuthor appends the name of the author, as it is in the line.
func (p *Post) AppendAuthor(to []byte) []byte { return appendIfThere(to, p.author) }

func appendIfThere(to, quoted []byte) []byte {
	if quoted == nil {
		return to
	}
	return AppendText(to, quoted)
}

// appendPresent appends a text, unless it is a notice that the text was deleted.
func appendPresent(to, quoted []byte) []byte {
	start := len(to)
	to = appendIfThere(to, quoted)
	if isDeleted(to[start:]) {
		return to[:start]
	}
	return to
}

const removedBy = "[ removed by "

func isDeleted(text []byte) bool {
	if len(text) == 0 || text[0] != '[' {
		return len(text) == 0
	}
	return string(text) == "[deleted]" || string(text) == "[removed]" ||
		len(text) >= len(removedBy) && bytes.EqualFold(text[:len(removedBy)], []byte(removedBy))
}
