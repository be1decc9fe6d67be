package embedding

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// errCrash is the error of a file that ended a process which had no other file.
var errCrash = deadletter.ProcessLost.Errorf("the file had a process of its own, and that process ended; the log says where")

// errEnded says that a process ended without an answer.
var errEnded = errors.New("the process of isolated files ended")

// isolation embeds files that were open more than once when a process ended. One of them may
// have ended it, by a fault in a C library or because memory ran out. Nothing in the same process
// survives that, so another process embeds these files, a few side by side. If it ends, too, each
// file that it had open gets a process of its own. If that ends, the file is a dead letter.
type isolation struct {
	places chan struct{} // for the files side by side
	files  *gate         // all open files of this process
	turn   sync.RWMutex  // read-locked by files side by side, locked by a file that is alone

	mu      sync.Mutex
	process *isolatedProcess // of the files side by side; nil: there is none
}

func newIsolation(files *gate) *isolation {
	return &isolation{places: inflight.PerCPU(1), files: files}
}

// inTurn calls embed for an isolated file once there is a place for it.
func (i *isolation) inTurn(ctx context.Context, file layout.File, embed func() Outcome) Outcome {
	select {
	case i.places <- struct{}{}:
	case <-ctx.Done():
		return Outcome{File: file, Left: ctx.Err()}
	}
	defer func() { <-i.places }()
	return embed()
}

// embed embeds a file in another process.
func (i *isolation) embed(ctx context.Context, file layout.File, o Options) (stats FileStats, by models.Backend, err error) {
	answer, err := i.besideOthers(ctx, file, o)
	if errors.Is(err, errEnded) {
		answer, err = i.alone(ctx, file, o)
	}
	if err != nil {
		return stats, by, err
	}
	if answer.Error != "" {
		return stats, answer.By, answer.Code.Errorf("%s", answer.Error)
	}
	return answer.Stats, answer.By, nil
}

// besideOthers embeds a file in the process that all isolated files share. It returns errEnded if
// that process ends and another file may be the reason.
func (i *isolation) besideOthers(ctx context.Context, file layout.File, o Options) (isolatedAnswer, error) {
	i.turn.RLock()
	defer i.turn.RUnlock()
	p, err := i.enter()
	if err != nil {
		return isolatedAnswer{}, err
	}
	answer, err := p.ask(ctx, file, o)
	onlyOne := i.leave(p)
	if errors.Is(err, errEnded) && onlyOne {
		err = errCrash
	}
	return answer, err
}

// alone embeds a file in a process that never had another file.
func (i *isolation) alone(ctx context.Context, file layout.File, o Options) (answer isolatedAnswer, err error) {
	i.turn.Lock()
	defer i.turn.Unlock()
	if i.files.shut() {
		return answer, ErrInterrupted
	}
	p, err := startIsolated()
	if err != nil {
		return answer, err
	}
	p.files = 1
	defer p.end()
	if answer, err = p.ask(ctx, file, o); errors.Is(err, errEnded) {
		err = errCrash
	}
	return answer, err
}

// enter adds a file to the shared process, and starts this process for the first file.
func (i *isolation) enter() (p *isolatedProcess, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.process == nil || i.process.ended() {
		if i.process, err = startIsolated(); err != nil {
			i.process = nil
			return nil, err
		}
	}
	i.process.open++
	i.process.files++
	return i.process, nil
}

// leave removes a file from the shared process, and ends the process after its last file. It
// reports whether the process never had another file.
func (i *isolation) leave(p *isolatedProcess) (onlyOne bool) {
	i.mu.Lock()
	p.open--
	last := p.open == 0
	onlyOne = p.files == 1
	if last && i.process == p {
		i.process = nil
	}
	i.mu.Unlock()
	if last {
		p.end()
	}
	return onlyOne
}

// end ends the process. If the process ended by itself, end logs how.
func (p *isolatedProcess) end() {
	if err := p.stop(); err != nil {
		slog.Error("embedding isolated files ended their process: please report this", "files", p.files, "error", err, "stderr", p.stderr.String())
	} else if said := p.stderr.String(); said != "" {
		slog.Warn("embedding isolated files", "stderr", said)
	}
}
