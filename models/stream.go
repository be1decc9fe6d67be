package models

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Result holds what became of the texts of one Submit, in their order.
type Result struct {
	Vectors   []float32 // [len(texts) × dimension], row by row
	Tokens    []int32   // tokens the model read, [CLS] and [SEP] included, all chunks together
	Truncated []bool    // part of the text was not read
	Chunks    []int32   // in how many pieces the text was read; nil: all in one
	AllTokens int64     // tokens of all texts before truncation
	Reused    int64     // tokens that were not run, because the same text ran before
	Repaired  int64     // texts that were not valid UTF-8 or held NUL bytes
}

// Job is a Submit on its way through the engine.
type Job struct {
	ctx      context.Context
	stream   *Stream // the one that it came from
	result   Result
	vectors  []float32 // [sequences × dimension]: one for each text, or for each chunk
	weights  []float32 // of the sequences in their text's vector; nil: one sequence a text
	embedded func(Embedded)
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

// Embedded is what became of one sequence: a text, or a chunk of a long one.
type Embedded struct {
	Texts  int64 // 1 for the first chunk of a text, 0 for the others
	Tokens int64
	Run    int64 // tokens that the model ran: 0 if the vector of the same text was reused
	Failed bool  // it has no vector
}

// Stream is one caller's texts, usually those of one open file. Its methods are
// for one goroutine. Submit a few times ahead of Wait to keep the engine busy.
type Stream struct {
	// Embedded, if it is set before the first Submit, is called for each sequence as soon as it
	// has its vector or has failed, from several goroutines at once. It must return quickly.
	Embedded func(Embedded)
	// Queued, if it is set, is called once in each Submit, with the sums of the texts and of the tokens to run
	// for which Embedded will be called later.
	Queued func(Embedded)

	engine *Engine
	ctx    context.Context
}

// Stream opens a stream. It counts as busy until Close, and the engine waits for the
// texts of busy streams to make better batches. Cancelling ctx fails its jobs.
func (e *Engine) Stream(ctx context.Context) *Stream {
	e.window.setBusy(1)
	return &Stream{engine: e, ctx: ctx}
}

// Close tells the engine that no more texts come.
func (s *Stream) Close() { s.engine.window.setBusy(-1) }

// Idle calls wait, during which the stream does not count as busy.
func (s *Stream) Idle(wait func()) {
	s.engine.window.setBusy(-1)
	defer s.engine.window.setBusy(1)
	wait()
}

// Submit tokenises texts on all cores and queues them. It waits while the
// engine has enough queued.
func (s *Stream) Submit(texts []string) (*Job, error) {
	encodings, err := s.engine.encodeAll(s.ctx, texts)
	if err != nil {
		return nil, err
	}
	job, sequences := newJob(s.ctx, encodings, s.engine.Folder.Dimension)
	job.embedded = s.Embedded
	job.stream = s
	if len(sequences) == 0 {
		close(job.finished)
		return job, nil
	}
	items := make([]item, 0, len(sequences))
	place := 0
	for _, e := range encodings {
		for chunk, ids := range e.sequences {
			it := item{ids: ids, key: keyOf(ids), job: job, place: place, first: chunk == 0}
			place++
			if s.engine.dedup.claim(it) {
				items = append(items, it)
			} else {
				job.result.Reused += int64(len(ids))
			}
		}
	}
	if s.Queued != nil {
		n := Embedded{Texts: int64(len(encodings))}
		for _, it := range items {
			n.Run += int64(len(it.ids))
		}
		s.Queued(n)
	}
	if len(items) > 0 {
		s.engine.window.add(items)
	}
	return job, nil
}

// newJob makes the job for encoded texts and lists its sequences.
func newJob(ctx context.Context, encodings []encoded, dimension int) (*Job, [][]uint32) {
	job := &Job{ctx: ctx, finished: make(chan struct{})}
	job.result.Tokens = make([]int32, len(encodings))
	job.result.Truncated = make([]bool, len(encodings))
	sequences := make([][]uint32, 0, len(encodings))
	for i, e := range encodings {
		for _, ids := range e.sequences {
			job.result.Tokens[i] += int32(len(ids))
		}
		sequences = append(sequences, e.sequences...)
		job.result.Truncated[i] = e.truncated
		job.result.AllTokens += int64(e.total)
		if e.repaired {
			job.result.Repaired++
		}
	}
	if len(sequences) > len(encodings) {
		job.result.Chunks = make([]int32, len(encodings))
		for i, e := range encodings {
			job.result.Chunks[i] = int32(len(e.sequences))
		}
		for _, ids := range sequences {
			job.weights = append(job.weights, float32(len(ids)))
		}
	}
	job.vectors = make([]float32, len(sequences)*dimension)
	job.left.Store(int64(len(sequences)))
	return job, sequences
}

// Wait returns a job's result when all its texts are embedded.
func (s *Stream) Wait(job *Job) (Result, error) {
	select {
	case <-job.finished:
	default:
		s.Idle(func() { <-job.finished })
	}
	job.result.Vectors = job.vectors
	if job.weights != nil && job.err == nil {
		job.result.Vectors = meanOfChunks(job.vectors, job.weights, job.result.Chunks, s.engine.Folder)
	}
	return job.result, job.err
}

// meanOfChunks returns one vector for each text: the mean of its chunks' vectors, weighted
// by their tokens. It has length 1 if the model's vectors do.
func meanOfChunks(vectors, weights []float32, chunks []int32, f *Folder) []float32 {
	d := f.Dimension
	means := make([]float32, 0, len(chunks)*d)
	for _, n := range chunks {
		mean := vectors[:d]
		if n > 1 {
			mean = weightedMean(vectors[:int(n)*d], weights[:n], f.Normalized)
		}
		means = append(means, mean...)
		vectors, weights = vectors[int(n)*d:], weights[n:]
	}
	return means
}

// weightedMean returns the mean of len(weights) vectors that lie one after
// another, scaled to length 1 if asked for.
func weightedMean(vectors, weights []float32, normalize bool) []float32 {
	d := len(vectors) / len(weights)
	sums := make([]float64, d)
	total := 0.0
	for i, w := range weights {
		total += float64(w)
		for j, x := range vectors[i*d : (i+1)*d] {
			sums[j] += float64(w) * float64(x)
		}
	}
	if normalize {
		total = 0
		for _, x := range sums {
			total += x * x
		}
		total = math.Sqrt(total)
	}
	mean := make([]float32, d)
	for j, x := range sums {
		mean[j] = float32(x / max(total, 1e-12))
	}
	return mean
}

// encodeAll tokenises texts on all cores. All streams together tokenise only as many texts
// at once as there are cores, because a long text takes megabytes while it is tokenised.
func (e *Engine) encodeAll(ctx context.Context, texts []string) ([]encoded, error) {
	encodings := make([]encoded, len(texts))
	var encoding errgroup.Group
	encoding.SetLimit(runtime.GOMAXPROCS(0))
	for i, text := range texts {
		encoding.Go(func() (err error) {
			if err = ctx.Err(); err != nil {
				return err
			}
			e.encoding <- struct{}{}
			defer func() { <-e.encoding }()
			if encodings[i], err = e.tokens.encode(text); err != nil {
				return fmt.Errorf("text %d: %w", i, err)
			}
			return nil
		})
	}
	return encodings, encoding.Wait()
}

// CountTokens returns how many tokens the model would read of each text, without
// reading them.
func (e *Engine) CountTokens(ctx context.Context, texts []string) ([]int, error) {
	encodings, err := e.encodeAll(ctx, texts)
	if err != nil {
		return nil, fmt.Errorf("tokenising: %w", err)
	}
	counts := make([]int, len(texts))
	for i, encoded := range encodings {
		for _, ids := range encoded.sequences {
			counts[i] += len(ids)
		}
	}
	return counts, nil
}
