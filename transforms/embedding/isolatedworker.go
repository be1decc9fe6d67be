package embedding

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// IsolatedCommand is the first argument with which the program runs EmbedIsolated.
const IsolatedCommand = "embed-isolated"

// isolatedFile is a question to the process that embeds isolated files, on one line.
type isolatedFile struct {
	ID      int
	File    layout.File
	Options Options
}

// isolatedAnswer is the answer to the question with the same ID.
type isolatedAnswer struct {
	ID    int
	Stats FileStats
	By    models.Backend
	Code  deadletter.Code
	Error string // empty: it is embedded
}

// EmbedIsolated reads questions from in, embeds their files side by side, and writes the answers
// to out. When in ends, it ends the process, even in the middle of a file.
func EmbedIsolated(in io.Reader, out io.Writer) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM) // the process that asks ends this one by closing in
	// If the machine runs out of memory, the system should kill this process first. Only Linux
	// has this file, and some systems refuse to write it.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	files, answers := json.NewDecoder(in), json.NewEncoder(out)
	var answering sync.Mutex
	e := New(counters.New())
	for {
		var f isolatedFile
		if files.Decode(&f) != nil {
			os.Exit(0)
		}
		go func() {
			a := f.embed(e)
			answering.Lock()
			defer answering.Unlock()
			if answers.Encode(a) != nil {
				os.Exit(1) // the process that asked has ended
			}
		}()
	}
}

func (f isolatedFile) embed(e *Embedder) isolatedAnswer {
	a := isolatedAnswer{ID: f.ID}
	engine, err := models.Shared(f.Options.Model)
	if err == nil {
		a.By = engine.Backend
		a.Stats, err = e.embedFile(context.Background(), engine, f.File, f.Options)
	}
	if errors.Is(err, models.ErrBroken) { // a crash of the device: the file may be the reason
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err != nil {
		a.Code, a.Error = deadletter.CodeOf(err), err.Error()
	}
	return a
}
