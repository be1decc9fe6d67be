package watch

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/workload"
)

// simulated is a run on a simulated clock. The engine runs a steady number of tokens in a second, on
// texts of a few open files in turn.
type simulated struct {
	files      []simulatedFile
	sampled    int           // files whose rows are looked up ahead
	opening    time.Duration // of the model, before the first row
	workerRows int64         // that a worker embeds in a second, in whole files
}

// simulatedFile has rows of so many tokens each. The engine runs no tokens of a duplicate.
type simulatedFile struct {
	rows, tokens int64
	duplicate    bool
}

const (
	simulatedSpeed = 100_000 // tokens that the engine runs in a second
	simulatedOpen  = 8
	simulatedChunk = 16 // rows of a batch
)

// told is what the progress shows at one moment.
type told struct {
	at, left time.Duration
	known    bool
}

// run runs it and returns what the progress says each second, and how long the run took.
func (s simulated) run(t *testing.T) (said []told, took time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	w := workload.New(s.sampled)
	rows := map[string]int64{}
	for i, f := range s.files {
		rows[strconv.Itoa(i)] = f.rows
	}
	w.Watch(ctx, func(path string) int64 { return rows[path] })
	for i := range s.files {
		w.Add(strconv.Itoa(i))
	}
	start := time.Now()
	var p pace
	now := State{Missing: int64(len(s.files))}
	look := func() {
		now.rowsLeft, now.rowsLeftKnown = w.Left()
		now.queued = embedding.EngineWork{Rows: now.Rows - now.workersRows, Tokens: now.run}
		p.update(time.Now(), now)
		left, known := p.left(now)
		said = append(said, told{time.Since(start), left, known})
	}
	for time.Since(start) < s.opening {
		look()
		time.Sleep(time.Second)
	}
	engine := simulatedEngine{w: w, files: s.files, now: &now}
	for now.Done < now.Missing {
		synctest.Wait()
		look()
		time.Sleep(time.Second)
		engine.second()
		engine.worker(s.workerRows)
	}
	cancel()
	synctest.Wait()
	return said, time.Since(start)
}

// simulatedEngine embeds files from the front of the list, a worker those at its end.
type simulatedEngine struct {
	w        *workload.Workload
	files    []simulatedFile
	now      *State
	next     int
	open     []openSimulated
	credit   int64 // tokens that are still to be run in this second
	finished int64 // rows that the worker has done of its file
}

type openSimulated struct {
	name string
	file simulatedFile
	left int64
	rows *workload.File
}

// second embeds for a second.
func (e *simulatedEngine) second() {
	e.credit += simulatedSpeed
	for i := 0; e.credit > 0; i++ {
		for len(e.open) < simulatedOpen && e.next < len(e.files) {
			f, name := e.files[e.next], strconv.Itoa(e.next)
			e.open = append(e.open, openSimulated{name, f, f.rows, e.w.Begin(name, f.rows)})
			e.next++
		}
		if len(e.open) == 0 {
			return
		}
		e.batch(i % len(e.open))
	}
}

// batch embeds some rows of an open file.
func (e *simulatedEngine) batch(i int) {
	o := &e.open[i]
	n := min(o.left, simulatedChunk)
	o.left -= n
	o.rows.Embedded(n)
	e.now.Rows += n
	e.now.tokens += n * o.file.tokens
	if !o.file.duplicate {
		e.now.run += n * o.file.tokens
		e.credit -= n * o.file.tokens
	}
	if o.left == 0 {
		e.w.End(o.name)
		e.now.Done++
		e.open = append(e.open[:i], e.open[i+1:]...)
	}
}

// worker embeds so many rows of the last file.
func (e *simulatedEngine) worker(rows int64) {
	e.finished += rows
	for last := len(e.files) - 1; rows > 0 && last >= e.next && e.finished >= e.files[last].rows; last-- {
		e.finished -= e.files[last].rows
		e.w.End(strconv.Itoa(last))
		e.now.Done++
		e.now.workers++
		e.now.Rows += e.files[last].rows
		e.now.workersRows += e.files[last].rows
		e.files = e.files[:last]
	}
}

// uneven returns files of 1 to most rows.
func uneven(n int, most int64, duplicate func(i int) bool) []simulatedFile {
	random := rand.New(rand.NewPCG(1, uint64(n)))
	files := make([]simulatedFile, n)
	for i := range files {
		files[i] = simulatedFile{1 + random.Int64N(most), 80 + random.Int64N(80), duplicate(i)}
	}
	return files
}

func TestTheTimeLeftIsWithinAQuarterOfTheTruth(t *testing.T) {
	never := func(int) bool { return false }
	for what, s := range map[string]simulated{
		"uneven files":                    {files: uneven(150, 5000, never), sampled: 4096},
		"a model that takes long to open": {files: uneven(150, 5000, never), sampled: 4096, opening: 20 * time.Second},
		"more files than the sample":      {files: uneven(20_000, 40, never), sampled: 1000},
		"files that are all duplicates":   {files: uneven(200, 5000, func(i int) bool { return i%3 == 0 }), sampled: 4096},
		"large files":                     {files: uneven(12, 100_000, never), sampled: 4096},
		"with a worker":                   {files: uneven(2000, 500, never), sampled: 4096, workerRows: 500},
	} {
		t.Run(what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				said, took := s.run(t)
				if took < 3*time.Minute {
					t.Fatalf("the run took %s: too short to say much", took)
				}
				for _, s := range said {
					truth := took - s.at
					// Times are rounded to seconds, and from a minute on to tens of seconds. And at the
					// very end the error of a sample is larger than the time that is left.
					off := max(0, (s.left-truth).Abs()-5*time.Second)
					if s.at >= time.Minute && (!s.known || off > truth/4) {
						t.Errorf("after %s it says %s, known %v, and it takes %s", s.at, s.left, s.known, truth)
					}
				}
			})
		})
	}
}

// The engine has run the short texts that it was given, and the long ones wait.
func TestTextsThatWaitInTheEngineAreCounted(t *testing.T) {
	p := pace{run: rate{sum: 1000, weight: 1}}
	s := State{Missing: 10, Rows: 300, run: 30_000, rowsLeft: 900, rowsLeftKnown: true}
	s.queued, s.waiting = embedding.EngineWork{Rows: 1000, Tokens: 170_000}, embedding.EngineWork{Rows: 700, Tokens: 140_000}
	// 140,000 tokens wait, and the 200 rows that nobody has read yet take 34,000.
	if left, known := p.left(s); !known || left != 170*time.Second {
		t.Errorf("%s left, known %v, want 2m50s", left, known)
	}
}

func TestTheStartOfARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := simulated{files: uneven(150, 5000, func(int) bool { return false }), sampled: 4096, opening: 10 * time.Second}
		said, took := s.run(t)
		for _, s := range said {
			switch truth := took - s.at; {
			case s.at <= 10*time.Second && s.known:
				t.Errorf("after %s, before anything is embedded, it says %s", s.at, s.left)
			case s.at > 20*time.Second && s.at < time.Minute && (s.left-truth).Abs() > truth*2/5:
				t.Errorf("after %s it says %s, and it takes %s", s.at, s.left, truth)
			}
		}
	})
}

func TestAFileCountsInPart(t *testing.T) {
	for what, c := range map[string]struct {
		s    State
		want float64
	}{
		"nothing is known":        {State{}, 0},
		"rows are known":          {State{Done: 0, Missing: 2, Rows: 30, rowsLeft: 90, rowsLeftKnown: true}, 0.25},
		"only files are known":    {State{Done: 1, Missing: 2, Rows: 30}, 0.5},
		"the last file is ending": {State{Done: 1, Missing: 2, Rows: 30, rowsLeftKnown: true}, 1},
	} {
		if got := c.s.share(); got != c.want {
			t.Errorf("%s: %g, want %g", what, got, c.want)
		}
	}
}

func TestThePathFromCountsToProgress(t *testing.T) {
	got := StateOf(map[string]int64{"rows": 100, "tokens": 1000, "rows_embedded": 130, "tokens_embedded": 1300, "tokens_run": 900, "rows_by_workers": 30})
	want := State{Rows: 130, tokens: 1300, run: 900, workersRows: 30}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
