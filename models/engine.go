package models

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of Config.
const (
	// defaultTokenBudget is how many padded tokens one batch has on a CPU. 256 and 512 are
	// about as fast as each other. Larger batches do not fit into the caches.
	defaultTokenBudget = 256
	// windowTokens bounds the tokens of the texts that wait for a batch, of all files together.
	windowTokens = 256 << 10
	// GCPercent is the value for debug.SetGCPercent in a process with an engine. Most of
	// its memory is the model's, outside Go's heap, and there is little garbage. So
	// collecting more often costs no time that can be measured.
	GCPercent = 25
	// settledAfter is the number of batches after which most of the packed copies of the
	// weights exist. ONNX Runtime packs the weights in several ways, by the size of a batch.
	settledAfter = 64
)

// Config names a model and how to run it. Its zero values are the defaults.
type Config struct {
	Folder      string // model folder
	Library     string // ONNX Runtime's shared library; empty: that in NativeDir
	NativeDir   string // folder of the shared libraries; empty: in the folder this program was compiled in
	Precision   string // FP32 (default), BF16, FP16 or Auto
	Accelerator string // CPU (default), CUDA or Auto
	TokenBudget int    // padded tokens of a batch; 0: measured when the engine opens
	LongText    string // Truncate (default) or Chunk
	Prompt      string // put before every text
	DedupMB     int    // memory for the vectors of texts seen before
	Workers     int    // cores to use; 0: all
}

// Engine turns texts into vectors. It is safe for concurrent use.
type Engine struct {
	Folder   *Folder
	Backend  Backend
	config   Config
	tokens   *tokenizer
	encoding chan struct{} // a place for each text that may be tokenised at once
	session  *session
	model    func(batch [][]uint32, emit func(row int, vector []float32)) error // the session's
	probe    []uint32                                                           // the empty text: if it does not run, nothing does
	pauses   []time.Duration                                                    // before each try of the probe
	health   health
	library  string // path of ONNX Runtime's
	dedup    *dedup
	window   *window
	real     atomic.Int64 // tokens that were run
	padded   atomic.Int64 // tokens that were run, padding included
	batches  atomic.Int64 // batches that were run
}

// Backend says how an engine really runs.
type Backend struct {
	Name        string // as in fingerprints, such as "onnxruntime-cpu"
	Precision   string // FP32, BF16 or FP16
	TokenBudget int    // padded tokens of a batch
}

// process has what this process opened and checked. It is a package variable because
// ONNX Runtime is loaded once in a process, and Beam makes the DoFns, so that nobody
// can hand it to them.
var process struct {
	engines sync.Map // Config → func() (*Engine, error)
	checked sync.Map // Config → func() (*Folder, error)
	library library
}

// Shared returns the process's one engine for a configuration. The first call opens
// it. It is never closed.
func Shared(config Config) (*Engine, error) {
	open, _ := process.engines.LoadOrStore(config, sync.OnceValues(func() (*Engine, error) { return Open(config) }))
	return open.(func() (*Engine, error))()
}

// Opened returns the process's engine for a configuration if it is open, else nil.
func Opened(config Config) *Engine {
	if _, ok := process.engines.Load(config); !ok {
		return nil
	}
	e, _ := Shared(config) // nil if it could not be opened
	return e
}

// Check checks that an engine for a configuration can be expected to open here: every
// file of the model folder is what the manifest says, and this machine has what is
// asked for. It returns the model folder. It takes 0.1 s, and no memory.
func Check(config Config) (*Folder, error) {
	check, _ := process.checked.LoadOrStore(config, sync.OnceValues(func() (*Folder, error) {
		if _, err := candidates(config); err != nil {
			return nil, err
		}
		if config.Library != "" { // a user's own may be anything
			if err := process.library.load(config.Library); err != nil {
				return nil, err
			}
		}
		return OpenFolder(config.Folder)
	}))
	return check.(func() (*Folder, error))()
}

// Open opens a new engine. If the configuration says Auto, or has no token budget, Open
// measures for some hundred milliseconds what is the fastest here.
func Open(config Config) (*Engine, error) {
	folder, err := Check(config)
	if err != nil {
		return nil, err
	}
	if config.Workers == 0 {
		config.Workers = runtime.GOMAXPROCS(0)
	}
	possible, err := candidates(config)
	if err != nil {
		return nil, err
	}
	tokens, err := openTokenizer(folder, config)
	if err != nil {
		return nil, err
	}
	letGoOfProgram()
	chosen, err := autotune(config, possible, folder, tokens)
	if err != nil {
		return nil, err
	}
	giveBackFreed()
	e := &Engine{
		Folder: folder, Backend: Backend{chosen.name, chosen.precision, chosen.budget},
		config: config, tokens: tokens, session: chosen.session, library: chosen.library(config),
		encoding: make(chan struct{}, config.Workers),
		dedup:    newDedup(folder.Dimension, config.DedupMB),
		window:   newWindow(folder.MaxSeqLength, chosen.budget, max(windowTokens, 4*chosen.budget)),
	}
	e.model = e.session.run
	empty, err := tokens.encode("")
	if err != nil {
		return nil, err
	}
	e.probe, e.pauses = empty.sequences[0], probePauses()
	e.letGoOfFiles()
	for range chosen.atOnce(config.Workers) {
		go e.work()
	}
	return e, nil
}

func (e *Engine) work() {
	for {
		e.run(e.window.next())
	}
}

// run embeds one batch. It drops a sequence whose job was cancelled meanwhile, unless
// another job waits for the same sequence.
func (e *Engine) run(batch []item) {
	live := batch[:0]
	for _, it := range batch {
		if err := it.job.ctx.Err(); err != nil && e.dedup.abandon(it) {
			it.finish(nil, err)
			continue
		}
		live = append(live, it)
	}
	if len(live) > 0 {
		e.embed(live)
	}
}

// LongText says what becomes of texts that are longer than the model reads.
func (e *Engine) LongText() string { return cmp.Or(e.config.LongText, Truncate) }

// Prompt is what is put before every text.
func (e *Engine) Prompt() string { return e.config.Prompt }

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
