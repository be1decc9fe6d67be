package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

const (
	simLease    = 10 * time.Second
	simDelay    = 5 * time.Second
	simRowBytes = 400
	simAhead    = 3         // seconds; worker.py's AHEAD
	simStep     = time.Hour // longer than any file that is open here takes
)

var errAway = errors.New("connection refused")

// sim is Redis, its workers, the files and this process's engine, in memory and with a clock
// that moves only while somebody waits. It has no goroutines, so the same seed gives the same sequence.
type sim struct {
	now      time.Time
	away     bool
	draining bool
	rows     map[string]int64   // input → rows
	inputs   map[string]string  // job → input
	written  map[string]version // input → its output
	writes   int64

	todo     []string
	delayed  map[string]time.Time
	dead     map[string]mpsbridge.DeadJob
	attempts map[string]int
	replaced map[string]bool
	log      []mpsbridge.Event
	workers  []*simWorker

	speed     float64 // rows a second of this process, for all its open files together
	cores     int
	places    int
	local     []*simFile
	finished  []embedding.Outcome
	started   map[string]int
	localFail func() error

	happens     func() // called now and then: random events
	nextHappens time.Time
	idle        time.Duration // of this process, while jobs were in the queue
}

// simFile is a file that is being embedded, with the rows that are left.
type simFile struct {
	file layout.File
	left float64
}

// simWorker holds a job that it works on, and one more once the first is nearly done.
type simWorker struct {
	name     string
	speed    float64
	held     []string
	left     float64 // rows of the first
	busy     bool
	gone     bool
	leaseEnd time.Time // of a worker that is gone
	fate     func() string
	idle     time.Duration
}

func newSim() *sim {
	return &sim{
		now: time.Unix(1_800_000_000, 0), rows: map[string]int64{}, inputs: map[string]string{}, written: map[string]version{},
		delayed: map[string]time.Time{}, dead: map[string]mpsbridge.DeadJob{}, attempts: map[string]int{}, replaced: map[string]bool{},
		started: map[string]int{}, speed: 1000, cores: 2, places: 8, localFail: func() error { return nil },
		happens: func() {}, nextHappens: time.Unix(1<<40, 0),
	}
}

func (s *sim) Now() time.Time { return s.now }

func (s *sim) Sleep(_ context.Context, d time.Duration) { s.advance(d, func() bool { return false }) }

// advance moves the clock on by d, or until enough holds, from one thing that happens to the next.
func (s *sim) advance(d time.Duration, enough func() bool) {
	for end := s.now.Add(d); ; {
		s.settle()
		if enough() || !s.now.Before(end) {
			return
		}
		next := end
		if s.nextHappens.Before(next) {
			next = s.nextHappens
		}
		for _, w := range s.workers {
			if w.busy {
				next = earlier(next, s.now.Add(seconds(w.left/w.speed)))
				if ahead := w.left/w.speed - simAhead; ahead > 0 {
					next = earlier(next, s.now.Add(seconds(ahead)))
				}
			}
		}
		for _, f := range s.local {
			next = earlier(next, s.now.Add(seconds(f.left*float64(len(s.local))/s.speed)))
		}
		s.pass(next.Sub(s.now))
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// seconds rounds up, so that an event at that time has happened.
func seconds(x float64) time.Duration { return time.Duration(x*float64(time.Second)) + 1 }

// pass lets time go by in which nothing ends.
func (s *sim) pass(d time.Duration) {
	if len(s.local) == 0 && len(s.todo) > 0 {
		s.idle += d
	}
	for _, f := range s.local {
		f.left -= d.Seconds() * s.speed / float64(len(s.local))
	}
	for _, w := range s.workers {
		if w.busy {
			w.left -= d.Seconds() * w.speed
		} else if !w.gone && len(s.todo) > 0 {
			w.idle += d
		}
	}
	s.now = s.now.Add(d)
}

// settle lets everything happen that is due now.
func (s *sim) settle() {
	if !s.now.Before(s.nextHappens) {
		s.happens()
	}
	for _, w := range s.workers {
		s.work(w)
	}
	s.local = slices.DeleteFunc(s.local, func(f *simFile) bool {
		if f.left > 0 {
			return false
		}
		o := embedding.Outcome{File: f.file, Err: s.localFail(), Stats: embedding.FileStats{Rows: s.rows[f.file.Input]}}
		if o.Err == nil {
			s.write(f.file.Input)
		}
		s.finished = append(s.finished, o)
		return true
	})
}

// write puts a whole output in its place.
func (s *sim) write(input string) {
	s.writes++
	s.written[input] = version{s.writes, 1}
}

// work lets a worker finish and take what it can.
func (s *sim) work(w *simWorker) {
	if w.gone {
		return
	}
	for {
		if w.busy && w.left <= 0 {
			w.busy = false
			job := w.held[0]
			w.held = w.held[1:]
			s.finish(w, job)
		}
		for !s.away && s.hasRoom(w) && len(s.todo) > 0 {
			w.held = append(w.held, s.todo[0])
			s.todo = s.todo[1:]
		}
		if w.busy || len(w.held) == 0 {
			return
		}
		w.busy, w.left = true, float64(s.rows[s.inputs[w.held[0]]])
		if !s.replaced[w.held[0]] && s.written[s.inputs[w.held[0]]] != (version{}) {
			w.left = 0 // it finds the output
		}
	}
}

// hasRoom reports whether a worker takes a job: it has none, or its only one is nearly done.
func (s *sim) hasRoom(w *simWorker) bool {
	return len(w.held) == 0 || len(w.held) == 1 && w.busy && w.left <= simAhead*w.speed
}

// finish ends a worker's job as its fate says.
func (s *sim) finish(w *simWorker, job string) {
	switch fate := w.fate(); {
	case fate == "fails" && s.attempts[job] < mpsbridge.Attempts-1:
		if !s.away {
			s.attempts[job]++
			s.delayed[job] = s.now.Add(simDelay)
		}
		return
	case fate != "done":
		code := deadletter.TextColumnType
		if fate == "is unreadable" { // for a worker; the pipeline then tries itself
			code = deadletter.Damaged
		}
		if !s.away {
			s.bury(job, code)
		}
		return
	}
	s.write(s.inputs[job])
	if !s.away {
		delete(s.replaced, job)
		s.tell("done", job)
	}
}

func (s *sim) bury(job string, code deadletter.Code) {
	s.dead[job] = mpsbridge.DeadJob{Job: job, Code: string(code), Reason: "x", Attempts: 3}
	s.tell("dead", job)
}

func (s *sim) tell(kind, job string) { s.log = append(s.log, mpsbridge.Event{Kind: kind, Job: job}) }

// forget loses everything that Redis knows. The numbers of events go on, because Redis takes them from its clock.
func (s *sim) forget() {
	s.todo = nil
	clear(s.delayed)
	clear(s.dead)
	clear(s.attempts)
	clear(s.replaced)
	for i := range s.log {
		s.log[i] = mpsbridge.Event{}
	}
}

func (s *sim) Events(ctx context.Context, after string, wait time.Duration) ([]mpsbridge.Event, string, error) {
	if s.away || ctx.Err() != nil {
		return nil, after, errors.Join(ctx.Err(), map[bool]error{true: errAway}[s.away])
	}
	seen := len(s.log)
	if after != "" {
		_, _ = fmt.Sscan(after, &seen)
		s.advance(wait, func() bool { return len(s.log) > seen })
	}
	return slices.Clone(s.log[seen:]), strconv.Itoa(len(s.log)), nil
}

// listed reports whether a job is in a list.
func (s *sim) listed(job string) bool {
	if _, delayed := s.delayed[job]; delayed || slices.Contains(s.todo, job) {
		return true
	}
	return slices.ContainsFunc(s.workers, func(w *simWorker) bool { return slices.Contains(w.held, job) })
}
