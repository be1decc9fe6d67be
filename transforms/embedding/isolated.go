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

// errCrash is what is said of a file that ends the process which embeds it alone.
var errCrash = deadletter.ProcessLost.Errorf("the process of its own that embedded it ended; the log says where")

// errEnded says that a process ended before it had answered.
var errEnded = errors.New("the process of isolated files ended")

// isolation embeds files that were open again and again when a process ended without
// finishing them. One of them may be what ended it, by a fault in a C library or for want of
// memory, which nothing in the same process survives. So another process embeds them, a few
// side by side. If it ends, too, each of those that it had open is embedded in a process that
// has nothing else: if that ends, the file is a dead letter.
type isolation struct {
	places chan struct{} // for the files side by side
	files  *gate         // all open files of this process
	turn   sync.RWMutex  // shared by files side by side, held by one that is alone

	mu      sync.Mutex
	process *isolatedProcess // of the files side by side; nil: none
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

// besideOthers embeds a file in the process of all isolated ones. It returns errEnded if that
// ends and other files may be the reason.
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

// alone embeds a file in a process that has had no other.
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

// enter counts a file in the process of the files side by side, and starts it for the first.
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

// leave counts a file out, ends the process after the last one, and reports whether it never
// had another.
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

// end has the process end, and says of one that has ended by itself how.
func (p *isolatedProcess) end() {
	if err := p.stop(); err != nil {
		slog.Error("embedding isolated files ended their process: please report this", "files", p.files, "error", err, "stderr", p.stderr.String())
	} else if said := p.stderr.String(); said != "" {
		slog.Warn("embedding isolated files", "stderr", said)
	}
}
