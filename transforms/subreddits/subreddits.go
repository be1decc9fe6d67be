// Package subreddits reads the list of subreddits. It knows nothing of Beam: a fuzz
// target compiles all that its package depends on anew.
package subreddits

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Read reads the list of subreddits: a JSON array of names, an array
// of objects with name, subreddit or display_name, or an object with such an
// array under subreddits. Duplicates and names that are not plain folder names
// are errors.
func Read(path string) ([]string, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the list of subreddits: %w", err)
	}
	names, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("list of subreddits %s: %w", path, err)
	}
	return names, nil
}

func parse(b []byte) ([]string, error) {
	var entries []json.RawMessage
	if err := json.Unmarshal(b, &entries); err != nil || entries == nil { // null is no list
		var object struct {
			Subreddits *[]json.RawMessage `json:"subreddits"`
		}
		if json.Unmarshal(b, &object) != nil || object.Subreddits == nil {
			return nil, errors.New("want a JSON array of names or of objects with a name, or an object with \"subreddits\"")
		}
		entries = *object.Subreddits
	}
	names := make([]string, 0, len(entries))
	seen := make(map[string]bool, len(entries))
	for i, entry := range entries {
		name, err := entryName(entry)
		if err == nil {
			err = checkName(name)
		}
		if err == nil && seen[name] {
			err = fmt.Errorf("%q is listed twice", name)
		}
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
		seen[name] = true
		names = append(names, name)
	}
	return names, nil
}

func entryName(entry json.RawMessage) (string, error) {
	if string(entry) == "null" { // which Go reads as an empty name
		return "", errors.New("null is no name")
	}
	var name string
	if json.Unmarshal(entry, &name) == nil {
		return name, nil
	}
	var object struct {
		Name        string `json:"name"`
		Subreddit   string `json:"subreddit"`
		DisplayName string `json:"display_name"`
	}
	if err := json.Unmarshal(entry, &object); err != nil {
		return "", errors.New("neither a name nor an object")
	}
	for _, name := range []string{object.Name, object.Subreddit, object.DisplayName} {
		if name != "" {
			return name, nil
		}
	}
	return "", errors.New("an object without name, subreddit or display_name")
}

// checkName refuses what is not the name of one folder: it would leave the root.
func checkName(name string) error {
	switch {
	case name == "", name == ".", name == "..":
		return fmt.Errorf("%q is not a folder name", name)
	case strings.ContainsAny(name, "/\\\x00"):
		return fmt.Errorf("%q leaves the folder", name)
	case strings.HasPrefix(name, "_dead_letters."), strings.HasPrefix(name, "_run"), name == "_lease":
		return fmt.Errorf("%q is what a file of this program is called", name)
	}
	return nil
}
