package watch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/dustin/go-humanize"
)

// ImportState is how far an import is.
type ImportState struct {
	Read, Bytes int64 // of the dumps' files
	Posts, Kept int64 // posts that were passed on to chains, and all that were kept; 0 until all is read
	Chains      int64
}

// Import shows how far an import is.
type Import struct {
	Look    func() ImportState
	Console *Console
	last    ImportState
	at      time.Time
	bytes   rate
	posts   rate
}

// Start shows the progress until the function that it returns is called.
func (p *Import) Start(ctx context.Context, kind string, log *slog.Logger) (stop func()) {
	return shown(ctx, kind, p.bar, func(ctx context.Context) { p.log(ctx, log) })
}

func (p *Import) bar(ctx context.Context) {
	tick := time.NewTicker(drawEvery)
	defer tick.Stop()
	drawn := newDrawing(p.Console)
	defer drawn.end()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			s := p.Look()
			p.update(now, s)
			beside, left := s.text(), ""
			if d, known := p.left(s); known {
				left = fmt.Sprintf(", %s left", d)
			}
			drawn.set(s.share(), " "+beside+left, humanize.Comma(s.Chains)+" chains")
		}
	}
}

func (p *Import) log(ctx context.Context, log *slog.Logger) {
	var s ImportState
	look := func(now time.Time) {
		s = p.Look()
		p.update(now, s)
	}
	logged(ctx, look, func() {
		line := []any{"progress", s.text(), "chains", s.Chains}
		if d, known := p.left(s); known {
			line = append(line, "left", d)
		}
		log.Info("importing", line...)
	})
}

func (p *Import) update(now time.Time, s ImportState) {
	if dt := now.Sub(p.at); !p.at.IsZero() && dt > 0 {
		p.bytes.add(s.Read-p.last.Read, dt)
		if s.Read >= s.Bytes {
			p.posts.add(s.Posts-p.last.Posts, dt)
		}
	}
	p.last, p.at = s, now
}

// text says what is being done: dumps are read first, then chains are made.
func (s ImportState) text() string {
	if s.Kept == 0 {
		return fmt.Sprintf("%s of %s read", humanize.IBytes(uint64(s.Read)), humanize.IBytes(uint64(s.Bytes)))
	}
	return fmt.Sprintf("%s of %s posts in chains", humanize.Comma(s.Posts), humanize.Comma(s.Kept))
}

func (s ImportState) share() float64 {
	done, all := s.Read, s.Bytes
	if s.Kept > 0 {
		done, all = s.Posts, s.Kept
	}
	return float64(done) / float64(max(all, 1))
}

// left returns how long the phase takes that goes on: reading, or making chains.
func (p *Import) left(s ImportState) (left time.Duration, known bool) {
	rest, speed := float64(s.Bytes-s.Read), p.bytes.perSecond()
	if s.Kept > 0 {
		rest, speed = float64(s.Kept-s.Posts), p.posts.perSecond()
	}
	const longest = 1e6 // seconds: it does not get on
	if rest <= 0 || speed <= 0 || rest/speed > longest {
		return 0, false
	}
	return time.Duration(rest / speed * float64(time.Second)).Round(time.Second), true
}
