package runs_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms/runs"
)

// posts is what a merge should return: records by subreddit and submission.
type posts map[string]map[uint64][]string

func (p posts) add(subreddit string, link uint64, record string) {
	if p[subreddit] == nil {
		p[subreddit] = map[uint64][]string{}
	}
	p[subreddit][link] = append(p[subreddit][link], record)
}

// writeRuns writes n runs of random records, and returns what is in them and how each subreddit is spelled.
func writeRuns(t *testing.T, folder string, n, records int) (paths []string, all posts, spellings map[string]string) {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	all, spellings = posts{}, map[string]string{}
	s := runs.NewSorter(1 << 20)
	for i := range n {
		for range records {
			spelling := fmt.Sprintf("Sub%d", random.IntN(200))
			if random.IntN(2) == 0 {
				spelling = strings.ToUpper(spelling)
			}
			lower := strings.ToLower(spelling)
			link, record := random.Uint64N(50), strings.Repeat("x", random.IntN(300))+strconv.FormatUint(random.Uint64(), 10)
			s.Add([]byte(lower), []byte(spelling), link, []byte(record))
			all.add(lower, link, record)
			if known, ok := spellings[lower]; !ok || spelling < known {
				spellings[lower] = spelling
			}
		}
		paths = append(paths, filepath.Join(folder, fmt.Sprintf("run-%06d", i)))
		write(t, s, paths[i], i)
	}
	return paths, all, spellings
}

func write(t testing.TB, s *runs.Sorter, path string, note any) {
	t.Helper()
	finish, err := s.Write(path, note)
	if err == nil {
		err = finish()
	}
	if err != nil {
		t.Fatal(err)
	}
}

// mergeAll merges all buckets.
func mergeAll(t *testing.T, paths []string, memory int64, temp string, spellings map[string]string) posts {
	t.Helper()
	got := posts{}
	for bucket := range runs.Buckets {
		last := ""
		err := runs.Merge(paths, bucket, memory, temp, func(thread *runs.Thread) error {
			if runs.Bucket(thread.Subreddit) != bucket {
				t.Errorf("%s is in bucket %d", thread.Subreddit, bucket)
			}
			if thread.Spelling != spellings[thread.Subreddit] {
				t.Errorf("%s is spelled %s", thread.Subreddit, thread.Spelling)
			}
			place := fmt.Sprintf("%s %20d", thread.Subreddit, thread.Link)
			if place <= last {
				t.Errorf("%s comes after %s", place, last)
			}
			last = place
			n := thread.Records()
			if thread.Link%7 == 3 { // skip this thread
				got.add(thread.Subreddit, thread.Link, "passed over")
				return nil
			}
			err := thread.Each(func(record []byte) error {
				n--
				got.add(thread.Subreddit, thread.Link, string(record))
				return nil
			})
			if n != 0 {
				t.Errorf("%d records more than there are", n)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func TestMergeReturnsEachRecordOnce(t *testing.T) {
	for _, c := range []struct {
		runs   int
		memory int64
	}{{1, 1 << 30}, {5, 1 << 30}, {5, 0}, {23, 500_000}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			folder, temp := t.TempDir(), t.TempDir()
			paths, want, spellings := writeRuns(t, folder, c.runs, 2000)
			got := mergeAll(t, paths, c.memory, temp, spellings)
			for subreddit, threads := range want {
				for link, records := range threads {
					if link%7 == 3 {
						records = []string{"passed over"}
					}
					if !slices.Equal(slices.Sorted(slices.Values(got[subreddit][link])), slices.Sorted(slices.Values(records))) {
						t.Fatalf("%s %d: got %d records, want %d", subreddit, link, len(got[subreddit][link]), len(records))
					}
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d subreddits, want %d", len(got), len(want))
			}
			if left, _ := os.ReadDir(temp); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
}

func TestNoteIsKept(t *testing.T) {
	paths, _, _ := writeRuns(t, t.TempDir(), 3, 10)
	for i, path := range paths {
		run, err := runs.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var note int
		if err := run.Note(&note); err != nil || note != i {
			t.Errorf("note %d, %v", note, err)
		}
		if err := run.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFullSorter(t *testing.T) {
	s := runs.NewSorter(1000)
	if !s.Fits(1, 1<<40) {
		t.Error("an empty sorter takes no record")
	}
	for i := 0; s.Fits(1, 100); i++ {
		if i > 10 {
			t.Fatal("1,000 bytes hold more than ten records of 100")
		}
		s.Add([]byte("a"), []byte("A"), 1, make([]byte, 100))
	}
}

// A run that was changed on the disk or cut must give an error, never other records.
func TestBrokenRun(t *testing.T) {
	folder := t.TempDir()
	paths, _, _ := writeRuns(t, folder, 1, 2000)
	whole, err := os.ReadFile(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	read := func() (string, error) {
		sum := sha256.New()
		var errs []error
		for bucket := range runs.Buckets {
			errs = append(errs, runs.Merge(paths, bucket, 1<<30, folder, func(thread *runs.Thread) error {
				_, _ = fmt.Fprintln(sum, thread.Subreddit, thread.Spelling, thread.Link) // no hash fails
				return thread.Each(func(record []byte) error {
					_, err := sum.Write(record)
					return err
				})
			}))
		}
		return string(sum.Sum(nil)), errors.Join(errs...)
	}
	want, err := read()
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 200 {
		broken := bytes.Clone(whole)
		if random.IntN(2) == 0 {
			broken = broken[:random.IntN(len(broken))]
		} else {
			broken[random.IntN(len(broken)-600)] ^= 1 << random.IntN(8) // before the footer
		}
		if err := os.WriteFile(paths[0], broken, 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := read()
		switch {
		case err == nil && got != want: // a changed reference to a text may lead to one that is the same
			t.Fatal("other records are read")
		case err != nil && !strings.Contains(err.Error(), paths[0]):
			t.Fatalf("the error does not name the run: %v", err)
		case err != nil:
			found++
		}
	}
	if found < 150 {
		t.Errorf("only %d of 200 are found", found)
	}
}

func BenchmarkSortAndMerge(b *testing.B) {
	folder := b.TempDir()
	record := bytes.Repeat([]byte("some words of a comment "), 10)
	const n = 200_000
	b.SetBytes(int64(n * len(record)))
	for b.Loop() {
		s := runs.NewSorter(100 << 20)
		for i := range n {
			name := fmt.Appendf(nil, "sub%d", i*i%997)
			s.Add(name, name, uint64(i*31%5003), record)
		}
		path := filepath.Join(folder, "run")
		write(b, s, path, nil)
		for bucket := range runs.Buckets {
			if err := runs.Merge([]string{path}, bucket, 1<<20, folder, func(t *runs.Thread) error {
				return t.Each(func([]byte) error { return nil })
			}); err != nil {
				b.Fatal(err)
			}
		}
	}
}
