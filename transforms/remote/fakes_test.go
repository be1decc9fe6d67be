package remote

import (
	"context"
	"io/fs"
	"slices"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

// These methods answer a batch as Redis does with the scripts in mpsbridge/scripts.

func (s *sim) Enqueue(_ context.Context, jobs []string, revive bool) (n int, err error) {
	if s.away {
		return 0, errAway
	}
	for _, job := range jobs {
		if revive {
			delete(s.dead, job)
		}
		if _, dead := s.dead[job]; !dead && !s.listed(job) {
			s.todo = append(s.todo, job)
			n++
		}
	}
	return n, nil
}

func (s *sim) Replace(_ context.Context, jobs []string) error {
	if s.away {
		return errAway
	}
	for _, job := range jobs {
		s.replaced[job] = true
	}
	return nil
}

func (s *sim) Unlisted(_ context.Context, jobs []string) (unlisted []string, err error) {
	if s.away {
		return nil, errAway
	}
	for _, job := range jobs {
		if _, dead := s.dead[job]; !dead && !s.listed(job) {
			unlisted = append(unlisted, job)
		}
	}
	return unlisted, nil
}

func (s *sim) Withdraw(_ context.Context, jobs []string, most int) (taken []string, err error) {
	if s.away {
		return nil, errAway
	}
	for _, job := range slices.Backward(jobs) {
		if len(taken) == most {
			break
		}
		_, delayed := s.delayed[job]
		at := slices.Index(s.todo, job)
		if at >= 0 {
			s.todo = slices.Delete(s.todo, at, at+1)
		}
		delete(s.delayed, job)
		if delayed || at >= 0 {
			taken = append(taken, job)
		}
	}
	return taken, nil
}

func (s *sim) Reap(context.Context) (mpsbridge.Reaped, error) {
	if s.away {
		return mpsbridge.Reaped{}, errAway
	}
	for _, w := range s.workers {
		if !w.gone || s.now.Before(w.leaseEnd) {
			continue
		}
		for i, job := range w.held {
			if i == 0 {
				s.attempts[job]++
			}
			if s.attempts[job] >= mpsbridge.Attempts {
				s.bury(job, deadletter.WorkerLost)
			} else {
				s.todo = append(s.todo, job)
			}
		}
		w.held = nil
	}
	for _, job := range s.delayedJobs() {
		if !s.now.Before(s.delayed[job]) {
			delete(s.delayed, job)
			s.todo = append(s.todo, job)
		}
	}
	return mpsbridge.Reaped{}, nil
}

// delayedJobs returns the delayed jobs in a fixed order, so that the same seed gives the same sequence.
func (s *sim) delayedJobs() (jobs []string) {
	for job := range s.delayed {
		jobs = append(jobs, job)
	}
	slices.Sort(jobs)
	return jobs
}

func (s *sim) DeadOf(_ context.Context, jobs []string) (map[string]mpsbridge.DeadJob, error) {
	if s.away {
		return nil, errAway
	}
	found := map[string]mpsbridge.DeadJob{}
	for _, job := range jobs {
		if d, ok := s.dead[job]; ok {
			found[job] = d
		}
	}
	return found, nil
}

func (s *sim) Drop(_ context.Context, jobs []string) (n int, err error) {
	if s.away {
		return 0, errAway
	}
	for _, job := range jobs {
		if _, there := s.dead[job]; there {
			delete(s.dead, job)
			n++
		}
	}
	return n, nil
}

// These methods show a batch the disk.

func (s *sim) Rows(file layout.File) (int64, error) {
	if s.written[file.Input] == (version{}) {
		return 0, fs.ErrNotExist
	}
	return s.rows[file.Input], nil
}

func (s *sim) Version(file layout.File) version { return s.written[file.Input] }

// These methods play this process's engine.

func (s *sim) Full() bool     { return len(s.local) >= s.places }
func (s *sim) Cores() int     { return s.cores }
func (s *sim) Draining() bool { return s.draining }

func (s *sim) Start(_ context.Context, file layout.File) (bool, error) {
	if s.Full() {
		return false, nil
	}
	s.started[file.Input]++
	s.local = append(s.local, &simFile{file, float64(s.rows[file.Input])})
	return true, nil
}

func (s *sim) Take() []embedding.Outcome {
	done := s.finished
	s.finished = nil
	return done
}

func (s *sim) Rest() []embedding.Outcome {
	s.advance(simStep, func() bool { return len(s.local) == 0 })
	return s.Take()
}
