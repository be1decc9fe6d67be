package models

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// leastCosine is the fidelity to fp32 that Auto asks of another precision.
	leastCosine = 0.9999
	// leastGain is how many times as fast as the back end's own token budget another
	// budget must be to be chosen. A smaller gain may be noise.
	leastGain = 1.1
	// trial is how long one setting is measured at a time, and turns is how often.
	trial = 60 * time.Millisecond
	turns = 2
)

// opened is a back end with its session.
type opened struct {
	backend
	session *session
	budget  int // padded tokens of a batch
}

// atOnce returns how many batches to run at the same time on so many cores.
func (b backend) atOnce(cores int) int {
	if b.runs > 0 {
		return b.runs
	}
	return cores
}

// threads returns how many threads one Run has.
func (b backend) threads(cores int) int { return max(1, cores/b.atOnce(cores)) }

// autotune opens the best of the possible back ends and sets its token budget. It
// prefers any GPU to any CPU. Otherwise it measures the back ends, and drops each one
// whose vectors differ too much from those of the first.
func autotune(config Config, possible []backend, folder *Folder, tokens *tokenizer) (opened, error) {
	for _, b := range possible {
		if b.accelerator == CUDA {
			possible = []backend{b}
			break
		}
	}
	// The library is loaded once in a process: the last entry's has all providers.
	if err := process.library.load(possible[len(possible)-1].library(config)); err != nil {
		return opened{}, err
	}
	texts, err := encodeSamples(tokens)
	if err != nil {
		return opened{}, err
	}
	var best opened
	var reference [][]float32
	fastest := 0.0
	for i, b := range possible {
		s, err := openSession(folder, b, config.Workers)
		if err != nil {
			return opened{}, err
		}
		o := opened{backend: b, session: s}
		if len(possible) == 1 { // nothing to compare with, so only check that they are numbers
			if _, err := o.vectors(texts[:1]); err != nil {
				return opened{}, err
			}
			best = o
			break
		}
		vectors, err := o.vectors(texts)
		if err != nil {
			return opened{}, err
		}
		if i == 0 {
			reference = vectors
		} else if c := worstCosine(reference, vectors); !(c >= leastCosine) {
			s.close()
			continue
		}
		speeds, err := bestSpeeds(b.budgets[:1], func(budget int) (float64, error) {
			return o.speed(texts[0], budget, config.Workers)
		})
		if err != nil {
			return opened{}, err
		}
		if speeds[0] <= fastest {
			s.close()
			continue
		}
		if best.session != nil {
			best.session.close()
		}
		best, fastest = o, speeds[0]
	}
	best.budget, err = chooseBudget(config, best, texts[0])
	return best, err
}

// chooseBudget returns the configured budget or the fastest of the back end's. A session
// never frees the memory that a batch needed, so only small budgets are tried.
func chooseBudget(config Config, o opened, text []uint32) (int, error) {
	if config.TokenBudget > 0 {
		return config.TokenBudget, nil
	}
	if len(o.budgets) == 1 {
		return o.budgets[0], nil
	}
	speeds, err := bestSpeeds(o.budgets, func(budget int) (float64, error) {
		return o.speed(text, budget, config.Workers)
	})
	if err != nil {
		return 0, err
	}
	chosen := 0
	for i := range speeds {
		if speeds[i] > speeds[chosen]*leastGain {
			chosen = i
		}
	}
	return o.budgets[chosen], nil
}

// bestSpeeds measures each budget several times, in turn, and returns the best speed
// of each. So two things do not count: that a first batch is slow, because kernels and
// memory are not there yet, and that the machine may be busy for a moment.
func bestSpeeds(budgets []int, measure func(budget int) (float64, error)) ([]float64, error) {
	best := make([]float64, len(budgets))
	for range turns {
		for i, budget := range budgets {
			speed, err := measure(budget)
			if err != nil {
				return nil, err
			}
			best[i] = max(best[i], speed)
		}
	}
	return best, nil
}

// encodeSamples returns the samples as one long text and its texts, tokenised. Speed is
// measured with the first: long texts take nearly all of the time.
func encodeSamples(tokens *tokenizer) ([][]uint32, error) {
	var all [][]uint32
	for _, text := range append([]string{strings.Join(sampleTexts, " ")}, sampleTexts...) {
		e, err := tokens.encode(text)
		if err != nil {
			return nil, fmt.Errorf("tokenising the sample texts: %w", err)
		}
		all = append(all, e.sequences[0])
	}
	return all, nil
}

// vectors embeds texts one by one.
func (o opened) vectors(texts [][]uint32) ([][]float32, error) {
	all := make([][]float32, len(texts))
	for i, ids := range texts {
		err := o.session.run([][]uint32{ids}, func(_ int, v []float32) { all[i] = append([]float32(nil), v...) })
		if err != nil {
			return nil, err
		}
		if c := worstCosine(all[i:i+1], all[i:i+1]); !(c > leastCosine) { // not a number, too
			return nil, fmt.Errorf("%s in %s gives vectors that are not numbers", o.name, o.precision)
		}
	}
	return all, nil
}

// speed returns the tokens per second of batches of one length under a budget,
// run as the engine runs them.
func (o opened) speed(text []uint32, budget, cores int) (float64, error) {
	batch := make([][]uint32, max(1, budget/len(text)))
	for i := range batch {
		batch[i] = text
	}
	nothing := func(int, []float32) {}
	start := time.Now()
	var done atomic.Int64
	errs := make([]error, o.atOnce(cores))
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			for errs[w] == nil && time.Since(start) < trial {
				errs[w] = o.session.run(batch, nothing)
				done.Add(int64(len(batch) * len(text)))
			}
		})
	}
	wg.Wait()
	return float64(done.Load()) / time.Since(start).Seconds(), errors.Join(errs...)
}

// worstCosine returns the least cosine of two lists of vectors.
func worstCosine(a, b [][]float32) float64 {
	worst := 1.0
	for i := range a {
		worst = min(worst, Cosine(a[i], b[i])) // NaN if either vector has one
	}
	return worst
}

// Cosine returns the cosine of two vectors with as many numbers each. It is NaN if a
// number is NaN, or if a vector has the length 0.
func Cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}
