package mpsbridge

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
)

// PathMap says where a machine sees the producer's folders. The zero PathMap leaves
// every path as it is.
type PathMap []mapping

// mapping has its folders without a slash at the end. The root folder is the empty string.
type mapping struct{ from, to string }

// ParsePathMaps reads mappings FROM=TO, in any order. FROM ends at the first =.
func ParsePathMaps(texts []string) (PathMap, error) {
	var m PathMap
	for _, text := range texts {
		from, to, found := strings.Cut(text, "=")
		if !found {
			return nil, fmt.Errorf("mapping %s: want FROM=TO", text)
		}
		for _, folder := range []string{from, to} {
			if !path.IsAbs(folder) {
				return nil, fmt.Errorf("mapping %s: %s is not absolute", text, folder)
			}
		}
		one := mapping{strings.TrimRight(from, "/"), strings.TrimRight(to, "/")}
		if slices.ContainsFunc(m, func(other mapping) bool { return other.from == one.from }) {
			return nil, fmt.Errorf("mapping %s: %s is mapped twice", text, cmp.Or(one.from, "/"))
		}
		m = append(m, one)
	}
	slices.SortFunc(m, func(a, b mapping) int { return cmp.Compare(len(b.from), len(a.from)) })
	return m, nil
}

// Map returns the path as this machine sees it: the longest FROM that is the path or a
// folder above it becomes its TO.
func (m PathMap) Map(p string) string {
	for _, one := range m { // the longest first
		rest, found := strings.CutPrefix(p, one.from)
		if found && (rest == "" || rest[0] == '/') {
			return cmp.Or(one.to+rest, "/")
		}
	}
	return p
}
