package outputs

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/dirscan"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Classification says which files of one folder are done.
type Classification struct {
	Subreddit     string
	Missing, Done []string // names
	Anew          []string // names of those whose output is stale or corrupt
	Stale         int      // how many of them are stale
	// Crashes has, by name, how many processes ended without finishing the output
	Crashes map[string]int
	Err     error

	outputs    rooted.Path
	unfinished []string // names in the output folder
	crashNotes []string // names in the output folder
}

// ClassifyFolder finds out which files of a folder have an output, in one pass over the output
// folder, and checks these outputs. It writes nothing.
func (c Checker) ClassifyFolder(folder layout.Folder) Classification {
	s := Classification{Subreddit: folder.Subreddit, outputs: c.tree.Outputs(folder.Subreddit)}
	exists := make(map[string]bool, len(folder.Names))
	for _, name := range folder.Names {
		exists[name] = false
	}
	err := dirscan.Scan(s.outputs, func(name []byte, regular bool) {
		if !regular {
			return
		}
		if chainfile.IsUnfinished(name) {
			s.unfinished = append(s.unfinished, string(name))
		} else if chainfile.IsCrashNote(name) {
			s.crashNotes = append(s.crashNotes, string(name))
		} else if _, ok := exists[string(name)]; ok { // no copy is made to look it up
			exists[string(name)] = true
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.Err = fmt.Errorf("listing the outputs: %w", err)
		return s
	}
	s.Missing = make([]string, 0, len(folder.Names))
	for _, name := range folder.Names {
		if exists[name] {
			s.Done = append(s.Done, name)
		} else {
			s.Missing = append(s.Missing, name)
		}
	}
	slices.Sort(s.Missing)
	c.classifyDone(&s)
	return s
}

// Sweep removes unfinished outputs of killed runs from the output folder, and counts for each
// file how many processes ended while it was open.
func (s *Classification) Sweep() { s.countCrashes(chainfile.Sweep(s.outputs, s.unfinished)) }

// countCrashes finds out which files were open when a process ended, from the name hashes of the
// swept outputs. It writes crash notes beside the outputs for the next run, and removes those of
// files that have been finished since.
func (s *Classification) countCrashes(hashes []string) {
	if len(hashes)+len(s.crashNotes) == 0 {
		return
	}
	counts := chainfile.Crashes(s.crashNotes, hashes)
	if s.Err == nil { // otherwise nobody knows what is missing
		s.Crashes = map[string]int{}
		missing := map[string]int{}
		for _, name := range slices.Concat(s.Missing, s.Anew) {
			hash := chainfile.NameHash(name)
			if n := counts[hash]; n > 0 {
				s.Crashes[name], missing[hash] = n, n
			}
		}
		counts = missing
	}
	if err := chainfile.KeepCrashes(s.outputs, s.crashNotes, counts); err != nil {
		slog.Warn("cannot note which files were open when a run ended", "subreddit", s.Subreddit, "error", err)
	}
}
