package transforms

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// SuspectsCommand is the first argument with which the program runs EmbedSuspects.
const SuspectsCommand = "embed-suspects"

// suspect is a line to the process that embeds suspects.
type suspect struct {
	File    File
	Options EmbedOptions
}

// suspectAnswer is its answer to that line.
type suspectAnswer struct {
	Stats fileStats
	By    models.Backend
	Code  deadletter.Code
	Error string // empty: it is embedded
}

// EmbedSuspects embeds the files that in names, one after the other, and answers to
// each on out, until in ends; then it ends the process, in the middle of a file, too.
func EmbedSuspects(in io.Reader, out io.Writer) {
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM) // who asks ends us by the end of in
	// Of the processes of a machine that is out of memory this one is to die. Only Linux
	// has the file, and not everywhere may it be written.
	_ = os.WriteFile("/proc/self/oom_score_adj", []byte("1000"), 0)
	files := make(chan suspect)
	go func() {
		lines := json.NewDecoder(in)
		for {
			var s suspect
			if lines.Decode(&s) != nil {
				os.Exit(0)
			}
			files <- s
		}
	}()
	answers := json.NewEncoder(out)
	for s := range files {
		if answers.Encode(s.embed()) != nil {
			os.Exit(1) // nobody is there any more
		}
	}
}

func (s suspect) embed() (a suspectAnswer) {
	engine, err := models.Shared(s.Options.Model)
	if err == nil {
		a.By = engine.Backend
		a.Stats, err = embedFile(context.Background(), engine, s.File, s.Options)
	}
	if err != nil {
		a.Code, a.Error = deadletter.CodeOf(err), err.Error()
	}
	return a
}
