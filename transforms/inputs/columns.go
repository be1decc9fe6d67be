package inputs

import (
	"errors"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/rooted"
)

const (
	// quickFolders and quickNames bound the first search for columns: so many subreddits,
	// and in each the first file that can be read, out of so many names.
	quickFolders = 16
	quickNames   = 64
	// mostSearched bounds the files that the second search reads the footers of.
	mostSearched = 10_000
)

// ColumnSearch is what a search for columns in chains files found.
type ColumnSearch struct {
	Missing []string // wanted columns that none of the read files has
	Columns []string // of those files, sorted
	Read    int      // files whose footers were read
	Files   int      // all files; 0 if the search did not have to count them
}

// FindColumns looks for scalar columns in the chains files of some subreddits. It reads the
// footers of a few files, and of many more only if none of the few has one of the columns.
func FindColumns(reads inflight.Reads, tree layout.Layout, subreddits, wanted []string) ColumnSearch {
	s := columnSearch{reads: reads, wanted: wanted, found: map[string]bool{}}
	count := min(len(subreddits), quickFolders)
	inflight.Each(count, reads.Footers, func(i int) { s.readFirst(tree.Inputs(evenly(subreddits, i, count))) })
	if len(s.missing()) > 0 {
		s.readMany(tree, subreddits)
	}
	return ColumnSearch{Missing: s.missing(), Columns: slices.Sorted(maps.Keys(s.found)), Read: s.read, Files: s.files}
}

type columnSearch struct {
	reads  inflight.Reads
	wanted []string
	files  int

	mu    sync.Mutex
	found map[string]bool
	read  int
}

func (s *columnSearch) missing() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(s.wanted), func(name string) bool { return s.found[name] })
}

// look notes the columns of a file, and says whether it could be read. A file that cannot
// be read becomes a dead letter of the run.
func (s *columnSearch) look(file rooted.Path) bool {
	columns, err := chainfile.Columns(file)
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.read++
	for _, name := range columns {
		s.found[name] = true
	}
	return true
}

// readFirst reads the first readable file of a folder, without listing a folder of millions.
func (s *columnSearch) readFirst(folder rooted.Path) {
	f, err := folder.Open()
	if err != nil {
		return // the run writes a dead letter for it, or skips it if it is missing
	}
	defer func() { _ = f.Close() }() // only read
	entries, err := f.ReadDir(quickNames)
	if err != nil && !errors.Is(err, io.EOF) {
		return
	}
	for _, e := range entries {
		if e.Type().IsRegular() && layout.IsChainsName([]byte(e.Name())) && s.look(folder.Join(e.Name())) {
			return
		}
	}
}

// readMany reads the footers of all files, or of mostSearched evenly chosen ones, until
// every column is found.
func (s *columnSearch) readMany(tree layout.Layout, subreddits []string) {
	folders := make([][]string, len(subreddits))
	inflight.Each(len(subreddits), s.reads.Folders, func(i int) {
		folders[i], _ = layout.Names(tree.Inputs(subreddits[i])) // the run writes a dead letter for it
	})
	for _, names := range folders {
		s.files += len(names)
	}
	s.read = 0 // these files are read again
	for i, names := range folders {
		if len(names) == 0 || len(s.missing()) == 0 {
			continue
		}
		count := atLeastOne(len(names), mostSearched, s.files)
		inflight.Each(count, s.reads.Footers, func(j int) { s.look(tree.Inputs(subreddits[i]).Join(evenly(names, j, count))) })
	}
}
