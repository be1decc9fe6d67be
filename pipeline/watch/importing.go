package watch

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/dustin/go-humanize"
)

// ImportState is how far an import has come.
type ImportState struct {
	Read, Bytes int64 // of the dumps' files
	Posts, Kept int64 // posts that were passed on to chains, and all that were kept; 0 until all is read
	Chains      int64
}

// Import shows how far an import has come.
type Import struct {
	Look    func() ImportState
	Console *Console
	last    ImportState
	at      time.Time
	bytes   rate
	posts   rate
}

// Start shows the progress until the function that it returns is called.
func (p *Import) Start(ctx context.Context, kind string) (stop func()) {
	var s ImportState
	return display{
		look: func(now time.Time) bool {
			s = p.Look()
			p.update(now, s)
			return true
		},
		bar: func() (float64, string, string) {
			beside := " " + s.text()
			if left, known := p.left(s); known {
				beside += fmt.Sprintf(", %s left", left)
			}
			return s.share(), beside, humanize.Comma(s.Chains) + " chains"
		},
		line: func(log *slog.Logger) {
			line := []any{"progress", s.text(), "chains", s.Chains}
			if left, known := p.left(s); known {
				line = append(line, "left", left)
			}
			log.Info("importing", line...)
		},
	}.start(ctx, kind, p.Console)
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
	const longest = 1e6 // seconds; beyond it the import has practically stopped
	if rest <= 0 || speed <= 0 || rest/speed > longest {
		return 0, false
	}
	return time.Duration(rest / speed * float64(time.Second)).Round(time.Second), true
}
