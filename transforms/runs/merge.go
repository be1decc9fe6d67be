package runs

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// Thread is what all runs hold of one thread.
type Thread struct {
	Subreddit string // in lower case
	Spelling  string // the first of those in all runs, by their bytes
	Link      uint64
	cursors   []*cursor
}

// cursorBytes is about what a merge holds of each run.
const cursorBytes = 2*blockBytes + 8<<10

// fanIn is how many runs can be merged together in so much memory.
func fanIn(memory int64) int { return int(max(2, memory/cursorBytes)) }

// Merge calls each for every thread of a bucket, sorted by subreddit and submission. If memory has no
// room for all runs together, it first merges some of them into larger runs, in the folder temp.
func Merge(paths []string, bucket int, memory int64, temp string, each func(*Thread) error) (err error) {
	var made []string
	defer func() {
		for _, path := range made {
			err = cmp.Or(err, os.Remove(path))
		}
	}()
	for most := fanIn(memory); len(paths) > most; {
		path := fmt.Sprintf("%s/merged-%02d-%d", temp, bucket, len(made))
		if err := mergeTo(path, paths[:most], bucket); err != nil {
			return fmt.Errorf("merging runs to %s: %w", path, err)
		}
		made = append(made, path)
		paths = append(paths[most:len(paths):len(paths)], path)
	}
	return merge(paths, bucket, each)
}

func merge(paths []string, bucket int, each func(*Thread) error) (err error) {
	m, err := openAll(paths, bucket)
	defer func() { err = errors.Join(err, m.close()) }()
	if err != nil {
		return err
	}
	return m.run(each)
}

// openAll opens a bucket of all runs. The merger must be closed, even with an error.
func openAll(paths []string, bucket int) (*merger, error) {
	m := &merger{spellings: map[string]string{}}
	for _, path := range paths {
		if err := m.add(path, bucket); err != nil {
			return m, err
		}
	}
	heap.Init(m)
	return m, nil
}

func (m *merger) run(each func(*Thread) error) error {
	for m.Len() > 0 {
		if err := m.thread(each); err != nil {
			return err
		}
	}
	return nil
}

// merger is a heap of cursors, by their threads.
type merger struct {
	open      []*Run
	cursors   []*cursor
	spellings map[string]string // of all subreddits
}

func (m *merger) add(path string, bucket int) error {
	run, err := Open(path)
	if err != nil {
		return err
	}
	m.open = append(m.open, run)
	err = run.names(bucket, func(lower, spelling string) {
		if known, ok := m.spellings[lower]; !ok || spelling < known {
			m.spellings[lower] = spelling
		}
	})
	if err != nil {
		return err
	}
	threads := run.stream(2*bucket + 1)
	if threads == nil {
		return nil
	}
	c := &cursor{reader: threads}
	if err := c.next(); err != nil {
		return c.broken(err)
	}
	m.cursors = append(m.cursors, c)
	return nil
}

func (m *merger) close() error {
	var errs []error
	for _, run := range m.open {
		errs = append(errs, run.Close())
	}
	return errors.Join(errs...)
}

// thread calls each for the first thread, and moves its cursors on.
func (m *merger) thread(each func(*Thread) error) error {
	first := m.cursors[0]
	t := &Thread{Subreddit: first.subreddit, Spelling: m.spellings[first.subreddit], Link: first.link}
	for m.Len() > 0 && m.cursors[0].link == t.Link && m.cursors[0].subreddit == t.Subreddit {
		t.cursors = append(t.cursors, heap.Pop(m).(*cursor))
	}
	if err := each(t); err != nil {
		return err
	}
	for _, c := range t.cursors {
		for c.records > 0 { // that nobody asked for
			if _, err := c.nextRecord(); err != nil {
				return err
			}
		}
		switch err := c.next(); {
		case err == nil:
			heap.Push(m, c)
		case !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return err
		}
	}
	return nil
}

func (m *merger) Len() int { return len(m.cursors) }

func (m *merger) Less(i, j int) bool {
	a, b := m.cursors[i], m.cursors[j]
	return cmp.Or(cmp.Compare(a.subreddit, b.subreddit), cmp.Compare(a.link, b.link)) < 0
}

func (m *merger) Swap(i, j int) { m.cursors[i], m.cursors[j] = m.cursors[j], m.cursors[i] }

// Push is for container/heap.
func (m *merger) Push(c any) { m.cursors = append(m.cursors, c.(*cursor)) }

// Pop is for container/heap.
func (m *merger) Pop() any {
	last := m.cursors[len(m.cursors)-1]
	m.cursors = m.cursors[:len(m.cursors)-1]
	return last
}

// Records is how many records the thread has.
func (t *Thread) Records() (n uint64) {
	for _, c := range t.cursors {
		n += c.records
	}
	return n
}

// Each calls f for each record, in no order. The record is valid until f returns.
func (t *Thread) Each(f func(record []byte) error) error {
	for _, c := range t.cursors {
		for c.records > 0 {
			record, err := c.nextRecord()
			if err != nil {
				return err
			}
			if err := f(record); err != nil {
				return err
			}
		}
	}
	return nil
}

// mergeTo merges one bucket of several runs into a new run.
func mergeTo(path string, paths []string, bucket int) error {
	finish, err := writeWhole(path, func(f *os.File) (err error) {
		m, err := openAll(paths, bucket)
		defer func() { err = errors.Join(err, m.close()) }()
		if err != nil {
			return err
		}
		w := newWriter(f)
		for b := range Buckets {
			if b != bucket {
				w.names(nil)
				w.stream(func() {})
				continue
			}
			var names []subreddit
			for lower, spelling := range m.spellings {
				names = append(names, subreddit{lower, spelling})
			}
			w.names(names)
			w.stream(func() { err = m.writeThreads(w) })
			if err != nil {
				return err
			}
		}
		return w.end(json.RawMessage("null"))
	})
	if err != nil {
		return err
	}
	return finish()
}

func (m *merger) writeThreads(w *writer) error {
	return m.run(func(t *Thread) error {
		w.thread(t.Subreddit, t.Link, t.Records())
		return t.Each(func(record []byte) error {
			w.bytes(record)
			return w.err
		})
	})
}
