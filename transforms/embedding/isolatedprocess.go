package embedding

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// isolatedProcess is a process that runs EmbedIsolated.
type isolatedProcess struct {
	open, files int // files that it has open now, and that it ever had; its isolation guards both

	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stderr head
	gone   chan struct{} // closed when no more answers come

	mu      sync.Mutex
	asks    *json.Encoder
	asked   int
	answers map[int]chan isolatedAnswer // by the ID of the question
}

func startIsolated() (_ *isolatedProcess, err error) {
	defer func() {
		if err != nil {
			err = deadletter.ProcessLost.Errorf("starting a process for a file that was open when earlier runs ended: %w", err)
		}
	}()
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &isolatedProcess{
		cmd: exec.Command(self, IsolatedCommand), gone: make(chan struct{}), answers: map[int]chan isolatedAnswer{},
	}
	p.cmd.Stderr = &p.stderr
	// A process group of its own, so that Ctrl-C on the terminal reaches this process only.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.asks = json.NewEncoder(p.stdin)
	go p.hear(json.NewDecoder(stdout))
	return p, nil
}

// hear passes each answer to the goroutine that asked, until the process ends.
func (p *isolatedProcess) hear(answers *json.Decoder) {
	defer close(p.gone)
	for {
		var a isolatedAnswer
		if answers.Decode(&a) != nil {
			return
		}
		p.mu.Lock()
		answer := p.answers[a.ID]
		delete(p.answers, a.ID)
		p.mu.Unlock()
		if answer != nil {
			answer <- a
		}
	}
}

// ask lets the process embed a file. It returns errEnded if the process ends first.
func (p *isolatedProcess) ask(ctx context.Context, file layout.File, o Options) (isolatedAnswer, error) {
	answer := make(chan isolatedAnswer, 1)
	p.mu.Lock()
	p.asked++
	p.answers[p.asked] = answer
	_ = p.asks.Encode(isolatedFile{p.asked, file, o}) // it fails if the process has ended
	p.mu.Unlock()
	select {
	case a := <-answer:
		return a, nil
	case <-ctx.Done():
		return isolatedAnswer{}, ctx.Err()
	case <-p.gone:
	}
	select {
	case a := <-answer: // it came just before the end
		return a, nil
	default:
		return isolatedAnswer{}, errEnded
	}
}

// ended reports whether the process has ended.
func (p *isolatedProcess) ended() bool {
	select {
	case <-p.gone:
		return true
	default:
		return false
	}
}

// stop ends the process. It returns an error if the process ended by itself.
func (p *isolatedProcess) stop() error {
	_ = p.stdin.Close() // it may be gone
	<-p.gone            // Wait closes what hear reads
	return p.cmd.Wait()
}

// head keeps the beginning of what is written to it, because that names the fault.
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
