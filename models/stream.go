package models

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Result holds what became of the texts of one Submit, in their order.
type Result struct {
	Vectors   []float32 // [len(texts) × dimension], row by row
	Tokens    []int32   // tokens the model read, [CLS] and [SEP] included
	Truncated []bool    // the text was longer than the model reads
	AllTokens int64     // tokens of all texts before truncation
	Repaired  int64     // texts that were not valid UTF-8 or held NUL bytes
}

// Job is a Submit on its way through the engine.
type Job struct {
	ctx      context.Context
	result   Result
	left     atomic.Int64
	finished chan struct{}
	fail     sync.Once
	err      error
}

func (j *Job) done(n int, err error) {
	if err != nil {
		j.fail.Do(func() { j.err = err })
	}
	if j.left.Add(int64(-n)) == 0 {
		close(j.finished)
	}
}

// Stream is one caller's texts, usually those of one open file. Its methods are
// for one goroutine. Submit a few times ahead of Wait to keep the engine busy.
type Stream struct {
	engine *Engine
	ctx    context.Context
}

// Stream opens a stream, which counts as busy until Close: the engine waits for
// its texts to make better batches. Cancelling ctx fails its jobs.
func (e *Engine) Stream(ctx context.Context) *Stream {
	e.window.setBusy(1)
	return &Stream{engine: e, ctx: ctx}
}

// Close tells the engine that no more texts come.
func (s *Stream) Close() { s.engine.window.setBusy(-1) }

// Submit tokenises texts on all cores and queues them. It waits while the
// engine has enough queued.
func (s *Stream) Submit(texts []string) (*Job, error) {
	job := &Job{ctx: s.ctx, finished: make(chan struct{})}
	job.result = Result{
		Vectors:   make([]float32, len(texts)*s.engine.Folder.Dimension),
		Tokens:    make([]int32, len(texts)),
		Truncated: make([]bool, len(texts)),
	}
	job.left.Store(int64(len(texts)))
	if len(texts) == 0 {
		close(job.finished)
		return job, nil
	}
	encodings, err := s.engine.encodeAll(s.ctx, texts)
	if err != nil {
		return nil, err
	}
	items := make([]item, len(texts))
	for i, e := range encodings {
		items[i] = item{ids: e.ids, job: job, row: i}
		job.result.Tokens[i] = int32(len(e.ids))
		job.result.Truncated[i] = e.truncated
		job.result.AllTokens += int64(e.total)
		if e.repaired {
			job.result.Repaired++
		}
	}
	s.engine.window.add(items)
	return job, nil
}

// Wait returns a job's result when all its texts are embedded.
func (s *Stream) Wait(job *Job) (Result, error) {
	select {
	case <-job.finished:
	default:
		s.engine.window.setBusy(-1)
		<-job.finished
		s.engine.window.setBusy(1)
	}
	return job.result, job.err
}

// encodeAll tokenises texts on all cores.
func (e *Engine) encodeAll(ctx context.Context, texts []string) ([]encoded, error) {
	encodings := make([]encoded, len(texts))
	workers := min(runtime.GOMAXPROCS(0), len(texts))
	errs := make([]error, workers)
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(texts) {
					return
				}
				var err error
				if encodings[i], err = e.tokens.encode(texts[i]); err != nil {
					errs[w] = fmt.Errorf("text %d: %w", i, err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return encodings, nil
}
