package models

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Defaults of Config.
const (
	// DefaultTokenBudget is the padded tokens of one batch; about 512 ran fastest
	// on CPUs, larger batches fall out of the caches.
	DefaultTokenBudget = 512
	// windowTokens bounds the texts that wait for a batch, all files together.
	windowTokens = 256 << 10
)

// Config names a model and how to run it.
type Config struct {
	Folder      string // model folder
	Library     string // ONNX Runtime's shared library; empty: where set-up put it
	TokenBudget int    // padded tokens of a batch; 0: DefaultTokenBudget
	Workers     int    // batches run at once; 0: one per core
}

// Engine turns texts into vectors. It is safe for concurrent use.
type Engine struct {
	Folder  *Folder
	config  Config
	tokens  *tokenizer
	session *session
	window  *window
	batches atomic.Int64
	real    atomic.Int64 // tokens that were run
	padded  atomic.Int64 // tokens that were run, padding included
}

var engines sync.Map // Config → func() (*Engine, error)

// Shared returns the process's one engine for a configuration, opening it at
// the first call. It is never closed: it lives as long as the process.
func Shared(config Config) (*Engine, error) {
	open, _ := engines.LoadOrStore(config, sync.OnceValues(func() (*Engine, error) { return Open(config) }))
	return open.(func() (*Engine, error))()
}

// Open opens a new engine.
func Open(config Config) (*Engine, error) {
	if config.Library == "" {
		config.Library = DefaultLibrary()
	}
	if config.TokenBudget == 0 {
		config.TokenBudget = DefaultTokenBudget
	}
	if config.Workers == 0 {
		config.Workers = runtime.GOMAXPROCS(0)
	}
	folder, err := OpenFolder(config.Folder)
	if err != nil {
		return nil, err
	}
	tokens, err := openTokenizer(folder)
	if err != nil {
		return nil, err
	}
	if err := initRuntime(config.Library); err != nil {
		return nil, err
	}
	session, err := openSession(folder)
	if err != nil {
		return nil, err
	}
	e := &Engine{
		Folder: folder, config: config, tokens: tokens, session: session,
		window: newWindow(folder.MaxSeqLength, config.TokenBudget, windowTokens),
	}
	for range config.Workers {
		go e.work()
	}
	return e, nil
}

func (e *Engine) work() {
	for {
		batch := e.window.next()
		if batch == nil {
			return
		}
		e.run(batch)
	}
}

// run embeds one batch. Texts of jobs that were cancelled meanwhile are dropped.
func (e *Engine) run(batch []item) {
	live := batch[:0]
	for _, it := range batch {
		if err := it.job.ctx.Err(); err != nil {
			it.job.done(1, err)
			continue
		}
		live = append(live, it)
	}
	if len(live) == 0 {
		return
	}
	ids := make([][]uint32, len(live))
	sum, width := 0, 0
	for i, it := range live {
		ids[i] = it.ids
		sum += len(it.ids)
		width = max(width, len(it.ids))
	}
	d := e.Folder.Dimension
	err := e.session.run(ids, func(row int, vector []float32) {
		it := live[row]
		copy(it.job.result.Vectors[it.row*d:(it.row+1)*d], vector)
	})
	for _, it := range live {
		it.job.done(1, err)
	}
	e.batches.Add(1)
	e.real.Add(int64(sum))
	e.padded.Add(int64(width * len(live)))
}

// Padding returns the share of the tokens run so far that was padding.
func (e *Engine) Padding() float64 {
	padded := e.padded.Load()
	if padded == 0 {
		return 0
	}
	return 1 - float64(e.real.Load())/float64(padded)
}

// Embed turns texts into vectors in one call: for tools and tests. Callers that
// read files use a Stream, which keeps the engine busy while they read.
func (e *Engine) Embed(ctx context.Context, texts []string) (Result, error) {
	s := e.Stream(ctx)
	defer s.Close()
	job, err := s.Submit(texts)
	if err != nil {
		return Result{}, fmt.Errorf("tokenising: %w", err)
	}
	return s.Wait(job)
}

// Close stops the engine's workers; streams must be closed before.
func (e *Engine) Close() { e.window.close() }
