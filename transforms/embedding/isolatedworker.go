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

// isolatedFile is a line to the process that embeds isolated files.
type isolatedFile struct {
	ID      int
	File    layout.File
	Options Options
}

// isolatedAnswer is its answer to the line with the same ID.
type isolatedAnswer struct {
	ID    int
	Stats FileStats
	By    models.Backend
	Code  deadletter.Code
	Error string // empty: it is embedded
}

// EmbedIsolated embeds the files that in names, all that were named at once, and answers to
// each on out, until in ends; then it ends the process, in the middle of a file, too.
func EmbedIsolated(in io.Reader, out io.Writer) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM) // who asks ends us by the end of in
	// Of the processes of a machine that is out of memory this one is to die. Only Linux
	// has the file, and not everywhere may it be written.
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
				os.Exit(1) // nobody is there any more
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
