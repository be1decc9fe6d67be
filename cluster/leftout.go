package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"
)

// LeftOut is a file that could not take part in a clustering; its field names are those
// of left_out.json.
type LeftOut struct {
	File   string `json:"file"`
	Part   string `json:"part"` // "file", or "texts" if only its texts could not
	Reason string `json:"reason"`
}

// leftOutList is the file beside a group's results that lists all of them. It is only
// there if there are any.
const leftOutList = "left_out.json"

// FirstLeftOut returns the first files that the clusterings in folders left out, most
// at the most, and a list that has one of them with all others of its group.
func FirstLeftOut(folders []string, most int) (first []LeftOut, list string, err error) {
	for _, folder := range folders {
		if len(first) == most {
			break
		}
		path := filepath.Join(folder, leftOutList)
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return first, list, fmt.Errorf("reading what clustering left out: %w", err)
		}
		var content struct {
			LeftOut []LeftOut `json:"left_out"`
		}
		if err := json.Unmarshal(b, &content); err != nil {
			return first, list, fmt.Errorf("reading what clustering left out, %s: %w", path, err)
		}
		if list == "" {
			list = path
		}
		first = append(first, content.LeftOut[:min(len(content.LeftOut), most-len(first))]...)
	}
	return first, list, nil
}

// Sentence says in one line how many files were left out and names the first of them.
func Sentence(count int64, first []LeftOut) string {
	said := fmt.Sprintf("clustering left out %d files", count)
	if count == 1 {
		said = "clustering left out 1 file"
	}
	named := make([]string, len(first))
	for i, f := range first {
		only := ""
		if f.Part == "texts" {
			only = "its texts only: "
		}
		named[i] = fmt.Sprintf("%s: %s%s", f.File, only, f.Reason)
	}
	if len(named) > 0 {
		said += ": " + strings.Join(named, "; ")
	}
	if more := count - int64(len(named)); more > 0 && len(named) > 0 {
		said += fmt.Sprintf("; and %d more", more)
	}
	return said
}

// checkFolder refuses a folder that the Python side cannot be told: it takes text.
func checkFolder(what, folder string) error {
	if !utf8.ValidString(folder) {
		return fmt.Errorf("%s %q is not UTF-8: rename it, or put a symbolic link with another name beside it", what, folder)
	}
	return nil
}
