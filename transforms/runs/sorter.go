package runs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Buckets is how many buckets a run has.
const Buckets = 64

// Bucket is the bucket of a subreddit, whose name is in lower case.
func Bucket(subreddit string) int { return int(xxhash.Sum64String(subreddit) % Buckets) }

// Sorter gathers records.
type Sorter struct {
	arena      []byte
	entries    []entry
	subreddits []subreddit
	index      map[string]uint32 // of subreddits, by their names in lower case
	limit      int64
	names      int64 // bytes that the names take
}

// entry is where a record is, and what it is sorted by.
type entry struct {
	link      uint64
	subreddit uint32 // an index, and in a sorted list the rank
	at, size  uint32
}

type subreddit struct{ lower, spelling string }

const (
	entryBytes = 36  // 24, and the room that a growing list reserves
	nameBytes  = 128 // that a subreddit takes in addition to its names
)

// NewSorter returns a sorter that is full when what it holds takes limit bytes.
func NewSorter(limit int64) *Sorter {
	const mostArena = 3 << 30 // an entry has 32 bits for a place
	return &Sorter{limit: min(limit, mostArena), index: map[string]uint32{}}
}

// Add adds a record of a thread.
func (s *Sorter) Add(lower, spelling []byte, link uint64, record []byte) {
	i, known := s.index[string(lower)]
	if !known {
		i = uint32(len(s.subreddits))
		name := subreddit{string(lower), string(spelling)}
		s.index[name.lower] = i
		s.subreddits = append(s.subreddits, name)
		s.names += int64(len(lower)+len(spelling)) + nameBytes
	} else if s.subreddits[i].spelling > string(spelling) {
		s.subreddits[i].spelling = string(spelling)
	}
	if s.arena == nil { // allocated once, because growing would hold it twice
		s.arena = make([]byte, 0, s.limit)
	}
	s.entries = append(s.entries, entry{link, i, uint32(len(s.arena)), uint32(len(record))})
	s.arena = append(s.arena, record...)
}

// Fits reports whether n more records with size bytes in all can be added. The first always can.
func (s *Sorter) Fits(n int, size int64) bool {
	return len(s.entries) == 0 || int64(len(s.arena))+size+int64(len(s.entries)+n)*entryBytes+s.names <= s.limit
}

// reset empties the sorter and keeps its memory.
func (s *Sorter) reset() {
	s.arena, s.entries, s.subreddits, s.names = s.arena[:0], s.entries[:0], s.subreddits[:0], 0
	clear(s.index)
}

// Write writes the records and the note as a run, and empties the sorter, which can be filled again.
// finish syncs the run, and only then does the run appear under its path.
func (s *Sorter) Write(path string, note any) (finish func() error, err error) {
	sync, err := writeWhole(path, func(f *os.File) error { return s.writeTo(f, note) })
	if err != nil {
		return nil, fmt.Errorf("writing the run %s: %w", path, err)
	}
	s.reset()
	return func() error {
		if err := sync(); err != nil {
			return fmt.Errorf("writing the run %s: %w", path, err)
		}
		return nil
	}, nil
}

func (s *Sorter) writeTo(f *os.File, note any) error {
	raw, err := json.Marshal(note)
	if err != nil {
		return err
	}
	s.sort()
	w := newWriter(f)
	names, entries := s.subreddits, s.entries
	for bucket := range Buckets {
		here := bucketEnd(names, bucket, func(n subreddit) int { return Bucket(n.lower) })
		w.names(names[:here])
		names = names[here:]
		here = bucketEnd(entries, bucket, func(e entry) int { return Bucket(s.subreddits[e.subreddit].lower) })
		w.stream(func() { s.writeThreads(w, entries[:here]) })
		entries = entries[here:]
	}
	return w.end(raw)
}

// bucketEnd returns how many of the items, which are sorted, are in the bucket.
func bucketEnd[T any](items []T, bucket int, of func(T) int) int {
	n, _ := slices.BinarySearchFunc(items, bucket+1, func(item T, b int) int { return cmp.Compare(of(item), b) })
	return n
}

// sort orders the entries by bucket, subreddit and thread.
func (s *Sorter) sort() {
	order := make([]uint32, len(s.subreddits))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := s.subreddits[a].lower, s.subreddits[b].lower
		return cmp.Or(cmp.Compare(Bucket(x), Bucket(y)), cmp.Compare(x, y))
	})
	rank := make([]uint32, len(order))
	sorted := make([]subreddit, len(order))
	for i, from := range order {
		rank[from] = uint32(i)
		sorted[i] = s.subreddits[from]
	}
	s.subreddits = sorted
	for i := range s.entries {
		s.entries[i].subreddit = rank[s.entries[i].subreddit]
	}
	slices.SortFunc(s.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.subreddit, b.subreddit), cmp.Compare(a.link, b.link))
	})
}

func (s *Sorter) writeThreads(w *writer, entries []entry) {
	for len(entries) > 0 {
		first := entries[0]
		n := slices.IndexFunc(entries, func(e entry) bool { return e.subreddit != first.subreddit || e.link != first.link })
		if n < 0 {
			n = len(entries)
		}
		w.thread(s.subreddits[first.subreddit].lower, first.link, uint64(n))
		for _, e := range entries[:n] {
			w.bytes(s.arena[e.at : e.at+e.size])
		}
		entries = entries[n:]
	}
}
