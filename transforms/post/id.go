package post

import (
	"bytes"
	"strconv"
)

// ID is an id of Reddit, which is written in base 36.
type ID uint64

const idBase = 36

// mostIDDigits bounds an id. 36^12 is below 2^63.
const mostIDDigits = 12

func (id ID) String() string { return strconv.FormatUint(uint64(id), idBase) }

// Append appends the id in base 36.
func (id ID) Append(to []byte) []byte { return strconv.AppendUint(to, uint64(id), idBase) }

// parseID reads an id: base 36 in a string, with or without the prefix of its kind, or an integer.
// submission reports whether it has the prefix of a submission.
func parseID(raw []byte) (id ID, submission, ok bool) {
	if len(raw) == 0 {
		return 0, false, false
	}
	if raw[0] != '"' {
		n, err := strconv.ParseUint(string(raw), 10, 63)
		return ID(n), false, err == nil && ID(n) < mostID
	}
	digits := raw[1 : len(raw)-1]
	if rest, cut := bytes.CutPrefix(digits, []byte("t3_")); cut {
		digits, submission = rest, true
	} else {
		digits = bytes.TrimPrefix(digits, []byte("t1_"))
	}
	if len(digits) == 0 || len(digits) > mostIDDigits {
		return 0, false, false
	}
	n, err := strconv.ParseUint(string(digits), idBase, 63)
	return ID(n), submission, err == nil
}

// mostID is above every id: 36^12.
const mostID = ID(idBase*idBase*idBase) * idBase * idBase * idBase * idBase * idBase * idBase * idBase * idBase * idBase
