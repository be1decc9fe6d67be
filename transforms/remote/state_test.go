package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

const (
	sequences  = 10_000
	chaosEnds  = 60 * time.Second // no new misfortune after this, but lost jobs and workers stay lost
	mustHadEnd = 2 * time.Hour    // of simulated time
)

// batchOf puts files of some rows into the queue, as enqueueFn does, and returns the batch that waits for them.
func (s *sim) batchOf(rows []int64, anew func(i int) bool, jobless func(i int) bool) (*batch, []layout.File) {
	o := Options{ClaimTimeout: 40 * time.Second, LostAfter: 12 * time.Second}
	b := newBatch(s, s, s, s, embedding.New(counters.New()), o)
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b int64) int { return cmp.Compare(b, a) })
	var files []layout.File
	for i, n := range rows {
		f := layout.File{Input: fmt.Sprintf("/in/%03d", i), Anew: anew(i)}
		s.rows[f.Input] = n
		s.inputs["job "+f.Input] = f.Input
		if f.Anew {
			s.write(f.Input)
		} else if !jobless(i) {
			_, _ = s.Enqueue(context.Background(), []string{"job " + f.Input}, true)
		}
		files = append(files, f)
	}
	for i, f := range slices.Backward(files) {
		job := "job " + f.Input
		if jobless(i) {
			job = ""
		}
		b.add(f, job, s.rows[f.Input]*simRowBytes)
	}
	return b, files
}

// chaos is what may happen to a sim.
type chaos struct {
	*sim
	random *rand.Rand
	start  time.Time
	cancel context.CancelFunc
	ended  bool // drained or cancelled
	files  []layout.File
}

func (c *chaos) next() {
	c.nextHappens = c.now.Add(time.Duration(c.random.ExpFloat64() * float64(4*time.Second)))
	if c.now.Sub(c.start) > chaosEnds {
		c.nextHappens = c.now.Add(10 * mustHadEnd)
		return
	}
	switch c.random.IntN(12) {
	case 0, 1:
		w := c.workers[c.random.IntN(len(c.workers))]
		if !w.gone {
			w.gone, w.busy, w.leaseEnd = true, false, c.now.Add(simLease)
		}
	case 2, 3:
		c.workers = append(c.workers, c.worker())
	case 4:
		c.forget()
	case 5:
		c.away = true
	case 6, 7:
		c.away = false
	case 8: // somebody else wrote an output
		c.write(c.files[c.random.IntN(len(c.files))].Input)
	case 9: // a plain consumer takes a job and is lost
		if len(c.todo) > 0 && !c.away {
			c.todo = c.todo[1:]
		}
	case 10:
		if c.random.IntN(4) == 0 {
			c.draining, c.ended = true, true
		}
	case 11:
		if c.random.IntN(4) == 0 {
			c.cancel()
			c.ended = true
		}
	}
}

func (c *chaos) worker() *simWorker {
	return &simWorker{name: strconv.Itoa(len(c.workers)), speed: 50 + 1000*c.random.Float64(), fate: func() string {
		switch c.random.IntN(10) {
		case 0:
			return "fails"
		case 1:
			return "is bad"
		case 2:
			return "is unreadable"
		}
		return "done"
	}}
}

// misfortune runs one sequence and returns what is wrong with its outcomes.
func misfortune(seed uint64) (kinds map[string]int, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := &chaos{sim: newSim(), random: rand.New(rand.NewPCG(seed, 1)), cancel: cancel}
	c.start = c.now
	c.localFail = func() error {
		if c.random.IntN(10) == 0 {
			return deadletter.Damaged.Errorf("x")
		}
		return nil
	}
	for range 1 + c.random.IntN(3) {
		c.workers = append(c.workers, c.worker())
	}
	rows := make([]int64, 1+c.random.IntN(20))
	for i := range rows {
		rows[i] = 1 + c.random.Int64N(5000)
	}
	b, files := c.batchOf(rows, func(i int) bool { return i%7 == 3 }, func(i int) bool { return i%11 == 5 })
	c.files, c.happens, c.nextHappens = files, c.next, c.now.Add(time.Second)
	ends := map[string][]embedding.Outcome{}
	err = b.run(ctx, func(ended []embedding.Outcome) error {
		for _, o := range ended {
			ends[o.File.Input] = append(ends[o.File.Input], o)
		}
		if c.now.Sub(c.start) > mustHadEnd {
			return fmt.Errorf("it has not ended after %v: %d files wait", mustHadEnd, len(b.pending))
		}
		return nil
	})
	interrupted := c.ended && (errors.Is(err, embedding.ErrInterrupted) || errors.Is(err, context.Canceled))
	if err != nil && !interrupted {
		return nil, err
	}
	return c.judge(ends)
}

// judge checks that each file has exactly one outcome, and that this outcome is true.
func (c *chaos) judge(ends map[string][]embedding.Outcome) (kinds map[string]int, err error) {
	kinds = map[string]int{}
	for _, f := range c.files {
		if len(ends[f.Input]) != 1 {
			return nil, fmt.Errorf("%s has %d outcomes: %+v", f.Input, len(ends[f.Input]), ends[f.Input])
		}
		o := ends[f.Input][0]
		there := c.written[f.Input].modTime > 0
		switch {
		case c.started[f.Input] > 1:
			return nil, fmt.Errorf("%s was embedded here %d times", f.Input, c.started[f.Input])
		case errors.Is(o.Left, embedding.ErrInterrupted):
			kinds["interrupted"]++
			if !c.ended || c.started[f.Input] > 0 {
				return nil, fmt.Errorf("%s: interrupted, though nobody asked for it or it was open here", f.Input)
			}
		case o.Err != nil:
			kinds["dead"]++
		case !there:
			return nil, fmt.Errorf("%s is done and has no output", f.Input)
		case o.Bridged:
			kinds["by a worker"]++
		default:
			kinds["here"]++
			if c.started[f.Input] != 1 {
				return nil, fmt.Errorf("%s: nobody embedded it", f.Input)
			}
		}
	}
	return kinds, nil
}

func TestEveryFileHasOneOutcomeWhateverHappens(t *testing.T) {
	quiet(t)
	total := map[string]int{}
	for seed := range uint64(sequences) {
		kinds, err := misfortune(seed)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		for kind, n := range kinds {
			total[kind] += n
		}
	}
	t.Log(total)
	for _, kind := range []string{"by a worker", "here", "dead", "interrupted"} {
		if total[kind] < sequences/4 {
			t.Errorf("only %d files in %d sequences ended %s: too few to show anything", total[kind], sequences, kind)
		}
	}
}

// quiet discards the log, which has a line for each time that Redis goes away.
func quiet(t *testing.T) {
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
}
