package searchfile

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

const dimension = 24

type chain struct {
	ID      string `parquet:"chain_id"`
	Created int64  `parquet:"created_utc"`
	Text    string `parquet:"text"`
}

// corpus is outputs below a folder, and what is in them.
type corpus struct {
	t       *testing.T
	tree    layout.Layout
	path    string // of the search file
	vectors map[string][][]float32
}

func newCorpus(t *testing.T) *corpus {
	root := t.TempDir()
	return &corpus{t, layout.New(root, "s"), filepath.Join(root, "clusters", "s", Name), map[string][][]float32{}}
}

// some returns vectors around a few middles. Many of the vectors are nearly the same as others.
func some(seed uint64, n int) [][]float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	vectors := make([][]float32, n)
	for i := range vectors {
		v := make([]float32, dimension)
		for j := range v {
			v[j] = float32(random.NormFloat64())
		}
		if i > 0 && random.IntN(3) > 0 {
			near := vectors[random.IntN(i)]
			spread := []float32{0, 1e-4, 1e-2, 0.3}[random.IntN(4)]
			for j := range v {
				v[j] = near[j] + spread*v[j]
			}
		}
		vectors[i] = v
	}
	return vectors
}

// put writes an output, with a fingerprint that change may change.
func (c *corpus) put(subreddit, name string, vectors [][]float32, change func(*chainfile.Fingerprint)) layout.File {
	c.t.Helper()
	f := c.tree.File(subreddit, name)
	rows := make([]chain, len(vectors))
	for i := range rows {
		rows[i] = chain{fmt.Sprintf("%s-%d", name, i), 1_700_000_000 + int64(i), "a text"}
	}
	check := func(err error) {
		if err != nil {
			c.t.Fatal(err)
		}
	}
	check(os.MkdirAll(filepath.Dir(f.Input), 0o777))
	check(parquet.WriteFile(f.Input, rows))
	in, err := chainfile.Open(c.tree.Input(f), "text", nil)
	check(err)
	out, err := chainfile.Start(c.tree.Output(f))
	check(err)
	out.Begin(in, false)
	for done := 0; ; {
		chunk, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		check(err)
		e := chainfile.Embeddings{Tokens: make([]int32, chunk.Rows), Truncated: make([]bool, chunk.Rows)}
		for _, v := range vectors[done : done+chunk.Rows] {
			e.Vectors = append(e.Vectors, v...)
		}
		done += chunk.Rows
		check(out.Write(chunk, e))
	}
	mark := chainfile.Fingerprint{Model: "m", WeightsSHA: "w", Precision: "fp32", Dimension: dimension, InputRows: in.Rows}
	if change != nil {
		change(&mark)
	}
	check(errors.Join(out.Commit(mark), in.Close()))
	c.vectors[subreddit+"/"+name] = vectors
	return f
}

func (c *corpus) files() (files []layout.File) {
	for _, subreddit := range []string{"a", "b"} {
		names, err := layout.Names(c.tree.Outputs(subreddit))
		if err != nil {
			c.t.Fatal(err)
		}
		for _, name := range names {
			files = append(files, c.tree.File(subreddit, name))
		}
	}
	return files
}

func (c *corpus) update() (*File, Changes) {
	c.t.Helper()
	u := Update{Path: c.path, Layout: c.tree, Files: c.files(), Reads: inflight.NewReads()}
	f, changes, err := u.Run(context.Background())
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { _ = f.Close() })
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(c.path), ".search*")); len(left) > 0 {
		c.t.Errorf("left behind: %v", left)
	}
	return f, changes
}

// cosines scores every row as a plain program would: from the outputs' vectors, in float64.
func (c *corpus) cosines(f *File, q []float32) (hits []Hit) {
	cosine := func(a, b []float32) float64 {
		var ab, aa, bb float64
		for i := range a {
			x, y := float64(a[i]), float64(b[i])
			ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
		}
		return ab / math.Sqrt(aa*bb)
	}
	for row := range f.Rows {
		o, i := f.Locate(row)
		hits = append(hits, Hit{row, float32(cosine(q, c.vectors[o.Subreddit+"/"+o.Name][i]))})
	}
	slices.SortStableFunc(hits, func(a, b Hit) int { return cmp.Compare(b.Score, a.Score) })
	return hits
}

func TestTheNearestAreThoseOfAllRows(t *testing.T) {
	c := newCorpus(t)
	c.put("a", "1.parquet", some(1, 3000), nil)
	c.put("a", "2.parquet", some(2, 1), nil)
	c.put("b", "1.parquet", append(some(3, 2000), make([]float32, dimension)), nil) // and a vector of zeros
	c.put("b", "none.parquet", nil, nil)
	f, changes := c.update()
	if f.Rows != 5002 || changes.Read != 4 || changes.Rows != 5002 {
		t.Fatalf("%d rows, %+v", f.Rows, changes)
	}
	c.vectors["b/1.parquet"][2000] = slices.Repeat([]float32{1e-20}, dimension) // so that it has a cosine: it is left out below
	questions := append(some(4, 20), some(1, 5)...)
	for _, k := range []int{1, 10, 500} {
		found, err := f.Nearest(questions, k, f.All(), func(row int64) bool { return row != 5001 })
		if err != nil {
			t.Fatal(err)
		}
		for i, q := range questions {
			want := slices.DeleteFunc(c.cosines(f, q), func(h Hit) bool { return h.Row == 5001 })
			scores := map[int64]float32{}
			for _, h := range want {
				scores[h.Row] = h.Score
			}
			if len(found[i]) != k {
				t.Fatalf("%d hits of %d", len(found[i]), k)
			}
			for j, h := range found[i] {
				// Hits may change places if their scores differ by less than the last of 16 bits.
				if math.Abs(float64(h.Score-want[j].Score)) > 2e-5 || math.Abs(float64(h.Score-scores[h.Row])) > 2e-5 {
					t.Fatalf("question %d, hit %d: got %v (really %v), want %v", i, j, h, scores[h.Row], want[j])
				}
			}
		}
	}
}

func TestOnlySomeRowsAreSearched(t *testing.T) {
	c := newCorpus(t)
	c.put("a", "1.parquet", some(1, 1500), nil)
	c.put("b", "1.parquet", some(2, 1500), nil)
	f, _ := c.update()
	ranges := f.Where(func(o Output) bool { return o.Subreddit == "b" })
	late := func(row int64) bool { return f.Time(row) >= 1_700_001_400 }
	found, err := f.Nearest(some(3, 3), 1000, ranges, late)
	if err != nil {
		t.Fatal(err)
	}
	for _, hits := range found {
		if len(hits) != 100 {
			t.Errorf("%d rows, of 100", len(hits))
		}
		for _, h := range hits {
			o, i := f.Locate(h.Row)
			if o.Subreddit != "b" || i < 1400 {
				t.Errorf("row %d of %+v", i, o)
			}
		}
	}
	if rows := f.Find([]uint64{Key("b", []byte("1.parquet-7"))}); !slices.Equal(rows, []int64{1507}) {
		t.Errorf("the chain is in the rows %v", rows)
	}
	if _, err := f.Nearest([][]float32{{1}}, 1, f.All(), nil); err == nil {
		t.Error("a question of another dimension was taken")
	}
}

// spoil changes what is in a file, but neither its size nor its time.
func spoil(t *testing.T, path string) {
	info, err := os.Stat(path)
	if err == nil {
		err = os.WriteFile(path, bytes.Repeat([]byte{'x'}, int(info.Size())), 0o666)
	}
	if err == nil {
		err = os.Chtimes(path, info.ModTime(), info.ModTime())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnUpdateReadsWhatIsNewAndTheFileIsAsIfMadeAtOnce(t *testing.T) {
	c := newCorpus(t)
	for i := range 5 {
		c.put("a", fmt.Sprintf("%d.parquet", i), some(uint64(i), 300), nil)
	}
	c.update()
	if _, changes := c.update(); changes.Written || changes.Kept != 5 || changes.Read != 0 {
		t.Errorf("nothing has changed: %+v", changes)
	}
	if err := os.Remove(c.tree.File("a", "1.parquet").Output); err != nil {
		t.Fatal(err)
	}
	c.put("a", "3.parquet", some(33, 301), nil)
	c.put("a", "00.parquet", some(5, 300), nil)
	c.put("b", "1.parquet", some(6, 10), nil)
	whole := map[string][]byte{}
	for _, name := range []string{"0", "2", "4"} { // these must not even be opened
		path := c.tree.File("a", name+".parquet").Output
		whole[path], _ = os.ReadFile(path)
		spoil(t, path)
	}
	_, changes := c.update()
	if want := (Changes{Read: 3, Rows: 611, Kept: 3, Removed: 2, Written: true}); changes != want {
		t.Errorf("got %+v, want %+v", changes, want)
	}
	step, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	for path, b := range whole {
		info, _ := os.Stat(path)
		if err := errors.Join(os.WriteFile(path, b, 0o666), os.Chtimes(path, info.ModTime(), info.ModTime()), os.RemoveAll(c.path)); err != nil {
			t.Fatal(err)
		}
	}
	c.update()
	if once, err := os.ReadFile(c.path); err != nil || !bytes.Equal(once, step) {
		t.Errorf("made at once, it has other bytes: %d and %d (%v)", len(once), len(step), err)
	}
}

func TestWhatCannotBeSearchedIsLeftOutByName(t *testing.T) {
	c := newCorpus(t)
	c.put("a", "good.parquet", some(1, 50), nil)
	c.put("a", "other.parquet", some(2, 20), func(f *chainfile.Fingerprint) { f.Precision = "bf16" })
	c.put("a", "short.parquet", some(3, 20), func(f *chainfile.Fingerprint) { f.InputRows++ })
	c.put("a", "wrong.parquet", some(4, 20), func(f *chainfile.Fingerprint) { f.Dimension = 48 })
	c.put("b", "nan.parquet", [][]float32{make([]float32, dimension), slices.Repeat([]float32{float32(math.NaN())}, dimension)}, nil)
	c.put("b", "pages.parquet", some(5, 20), nil)
	// The footer of this one is good, but its pages cannot be read.
	pages := c.tree.File("b", "pages.parquet").Output
	b, err := os.ReadFile(pages)
	if err == nil {
		copy(b[4:], bytes.Repeat([]byte{0xff}, len(b)/2))
		err = os.WriteFile(pages, b, 0o666)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(filepath.Dir(pages), "text.parquet"), []byte("no Parquet file"), 0o666)
	}
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[string]string{
		"other.parquet": "bf16", "short.parquet": "20 rows instead of 21", "wrong.parquet": "48 dimensions", "nan.parquet": "not a number",
		"pages.parquet": "", "text.parquet": "no Parquet file",
	}
	for try := range 3 {
		f, changes := c.update()
		if f.Rows != 50 || len(f.LeftOut()) != len(reasons) {
			t.Fatalf("%d rows, left out %+v", f.Rows, f.LeftOut())
		}
		for _, o := range f.LeftOut() {
			if why, ok := reasons[o.Name]; !ok || !strings.Contains(o.LeftOut, why) {
				t.Errorf("%s: %s", o.Name, o.LeftOut)
			}
		}
		if changes.Written != (try == 0) {
			t.Errorf("try %d: %+v", try, changes)
		}
	}
	// With these, most rows have the other precision.
	c.put("a", "more.parquet", some(6, 60), func(f *chainfile.Fingerprint) { f.Precision = "bf16" })
	f, _ := c.update()
	if m, _ := f.Fingerprint(); m.Precision != "bf16" || f.Rows != 80 {
		t.Errorf("%d rows of %+v", f.Rows, m)
	}
	hits, err := f.Nearest(c.vectors["a/other.parquet"][:1], 1, f.All(), nil)
	if err != nil || len(hits[0]) != 1 || hits[0][0].Score < 0.9999 {
		t.Errorf("got %v, %v", hits, err)
	}
}

func TestAFileThatIsNoneIsMadeAgain(t *testing.T) {
	c := newCorpus(t)
	c.put("a", "1.parquet", some(1, 50), nil)
	c.update()
	whole, err := os.ReadFile(c.path)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty": {}, "of another version": append([]byte("TLSEARCH\x02"), whole[9:]...), "cut off": whole[:len(whole)-1],
		"with another table": append(slices.Clone(whole[:len(whole)-1]), 'x'), "longer": append(slices.Clone(whole), 0),
	} {
		if err := os.WriteFile(c.path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := open(c.path); !errors.Is(err, errFormat) {
			t.Errorf("%s: got %v", name, err)
		}
		c.update()
		if again, err := os.ReadFile(c.path); err != nil || !bytes.Equal(again, whole) {
			t.Errorf("%s: it was not made again: %v", name, err)
		}
	}
	if f, _ := newCorpus(t).update(); f.Rows != 0 {
		t.Errorf("nothing is embedded, and it has %d rows", f.Rows)
	}
}

// rootVariable makes the test binary update the search file below a folder again and again.
const rootVariable = "THREADLOOM_TEST_SEARCH_ROOT"

func TestMain(m *testing.M) {
	root := os.Getenv(rootVariable)
	if root == "" {
		os.Exit(m.Run())
	}
	tree := layout.New(root, "s")
	for i := 0; ; i++ {
		files := []layout.File{tree.File("a", "1.parquet"), tree.File("a", "2.parquet")}
		u := Update{Path: filepath.Join(root, Name), Layout: tree, Files: files[:1+i%2], Reads: inflight.NewReads()}
		f, _, err := u.Run(context.Background())
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		_ = f.Close()
	}
}

func TestAKillLeavesTheOldOrTheNewFile(t *testing.T) {
	c := newCorpus(t)
	c.put("a", "1.parquet", some(1, 2000), nil)
	c.put("a", "2.parquet", some(2, 2000), nil)
	root := filepath.Dir(filepath.Dir(c.tree.Chains))
	c.path = filepath.Join(root, Name)
	one, two := 0, 0
	for i := range 12 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), rootVariable+"="+root)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(60+17*i) * time.Millisecond)
		_ = child.Process.Kill()
		if err := child.Wait(); err == nil || child.ProcessState.Exited() {
			t.Fatalf("the child ended by itself: %v", err)
		}
		f, err := open(c.path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		hits, err := f.Nearest(some(2, 1), 1, f.All(), nil)
		switch {
		case err != nil:
			t.Fatal(err)
		case f.Rows == 2000:
			one++
		case f.Rows == 4000 && hits[0][0].Score > 0.9999:
			two++
		default:
			t.Errorf("%d rows, %v", f.Rows, hits)
		}
		_ = f.Close()
	}
	if one+two < 6 {
		t.Errorf("%d and %d files were found after 12 kills", one, two)
	}
	c.update() // removes what the killed processes left
}

func TestAnotherProcessesUnfinishedFileStays(t *testing.T) {
	folder := t.TempDir()
	u := Update{Path: filepath.Join(folder, Name), Layout: layout.New(folder, "s"), Reads: inflight.NewReads()}
	run := func() (changes Changes) {
		f, changes, err := u.Run(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		return changes
	}
	run()
	mine, err := create(folder)
	if err != nil {
		t.Fatal(err)
	}
	dead := exec.Command("true")
	if err := dead.Run(); err != nil {
		t.Skip(err)
	}
	fields := strings.Split(filepath.Base(mine.path), ".")
	fields[3] = strconv.Itoa(dead.Process.Pid)
	abandoned, foreign := filepath.Join(folder, strings.Join(fields, ".")), filepath.Join(folder, ".search.of mine.tmp")
	if err := errors.Join(os.WriteFile(abandoned, nil, 0o666), os.WriteFile(foreign, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	if run().Written {
		t.Error("it was written again though nothing has changed")
	}
	left, _ := filepath.Glob(filepath.Join(folder, ".*"))
	slices.Sort(left)
	if want := []string{mine.path, foreign}; !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
}
