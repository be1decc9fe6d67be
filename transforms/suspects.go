package transforms

import (
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// errCrash is what is said of a file that ends the process which embeds it.
var errCrash = deadletter.ProcessLost.Errorf("the process of its own that embedded it ended; the log says where")

// ward embeds suspects: files that a run had open when it ended without finishing
// them. One of them may be what ended it, by a fault in a C library or for want of
// memory, which nothing in the same process survives. So another process embeds
// them, one at a time: if that ends, the file it had becomes a dead letter, and the
// unfinished output makes it a suspect for the next run as well.
type ward struct {
	guests  atomic.Int64 // files that wait, and the one that is embedded
	mu      sync.Mutex   // held for the file that is embedded
	process *suspects    // there while files wait
}

// theWard is this process's.
var theWard ward

// embed embeds a file, after those that came before.
func (w *ward) embed(file File, o EmbedOptions) (stats fileStats, by models.Backend, err error) {
	w.guests.Add(1)
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() {
		if w.guests.Add(-1) == 0 {
			w.end()
		}
	}()
	if openFiles.shut() {
		return stats, by, ErrInterrupted
	}
	if w.process == nil {
		if w.process, err = startSuspects(); err != nil {
			return stats, by, deadletter.ProcessLost.Errorf("starting a process for a file that an earlier run ended with: %w", err)
		}
	}
	answer, err := w.process.ask(suspect{file, o})
	if err != nil {
		w.end()
		return stats, by, errCrash
	}
	if answer.Error != "" {
		return stats, answer.By, answer.Code.Errorf("%s", answer.Error)
	}
	return answer.Stats, answer.By, nil
}

// end ends the process, and says of one that has ended by itself how.
func (w *ward) end() {
	if w.process == nil {
		return
	}
	if err := w.process.end(); err != nil {
		slog.Error("embedding a file ended the process: please report this", "error", err, "stderr", w.process.stderr.String())
	} else if said := w.process.stderr.String(); said != "" {
		slog.Warn("embedding files that an earlier run ended with", "stderr", said)
	}
	w.process = nil
}

// suspects is a process that runs EmbedSuspects.
type suspects struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	asks    *json.Encoder
	answers *json.Decoder
	stderr  head
}

func startSuspects() (*suspects, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &suspects{cmd: exec.Command(self, SuspectsCommand)}
	s.cmd.Stderr = &s.stderr
	// A group of its own: Ctrl-C on the terminal is ours to handle.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.asks, s.answers = json.NewEncoder(s.stdin), json.NewDecoder(stdout)
	return s, s.cmd.Start()
}

// ask fails if the process ends before it has answered.
func (s *suspects) ask(f suspect) (a suspectAnswer, err error) {
	if err := s.asks.Encode(f); err != nil {
		return a, err
	}
	err = s.answers.Decode(&a)
	return a, err
}

// end has the process end, or says how it has.
func (s *suspects) end() error {
	_ = s.stdin.Close() // it may be gone
	return s.cmd.Wait()
}

// head keeps the beginning of what is written to it: there a fault is named.
type head struct {
	mu   sync.Mutex
	kept []byte
}

// headBytes is how much head keeps.
const headBytes = 8 << 10

func (h *head) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.kept = append(h.kept, p[:min(len(p), headBytes-len(h.kept))]...)
	return len(p), nil
}

func (h *head) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return string(h.kept)
}
