// Package watch shows how far a run has come: on a terminal, in a log and as Prometheus metrics.
package watch

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Console is standard error. What is written to it goes above the bar while there is one.
type Console struct {
	mu    sync.Mutex
	above io.Writer // nil: there are no bars
}

// Write writes to standard error.
func (s *Console) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		if n, err := s.above.Write(b); err == nil {
			return n, nil
		}
	}
	return os.Stderr.Write(b)
}

func (s *Console) putAbove(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.above = w
}

// beside is what stands right of the bar.
func (p *Progress) beside(s State) string {
	text := fmt.Sprintf(" %d of %d files", s.Done, s.Missing)
	if left, known := p.pace.left(s); known {
		text += fmt.Sprintf(", %s left", left)
	}
	return text
}

// below is the line below the bar.
func (p *Progress) below(s State) string {
	var parts []string
	if s.Rows > 0 {
		rows := fmt.Sprintf("%d rows, %.0f rows/s", s.Rows, p.pace.rows.perSecond())
		if s.tokens > 0 {
			rows += fmt.Sprintf(", %.0f tokens/s", p.pace.tokens.perSecond())
		}
		parts = append(parts, rows)
	}
	if s.Dead > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", s.Dead, p.Words.Dead))
	}
	if by := p.by(s); by != "" {
		parts = append(parts, by)
	}
	if p.Words.Then != "" && s.Done >= s.Missing {
		parts = append(parts, p.Words.Then)
	}
	return strings.Join(parts, "; ")
}

// barSteps is what a full bar is: files of which a part is embedded count in part.
const barSteps = 10_000

// drawing is the bar on the terminal.
type drawing struct {
	console   *Console
	container *mpb.Progress
	bar       *mpb.Bar

	mu            sync.Mutex
	beside, below string
}

func newDrawing(console *Console) *drawing {
	d := &drawing{console: console, container: mpb.New(mpb.WithOutput(os.Stderr), mpb.WithRefreshRate(drawEvery))}
	text := func(of *string) func(decor.Statistics) string {
		return func(decor.Statistics) string {
			d.mu.Lock()
			defer d.mu.Unlock()
			return *of
		}
	}
	line := text(&d.below)
	d.bar = d.container.AddBar(
		0, // not ended by reaching its total, which grows while the scan goes on
		mpb.AppendDecorators(decor.Any(text(&d.beside))),
		mpb.BarExtender(mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
			_, err := io.WriteString(w, cut(line(s), s.AvailableWidth)+"\n")
			return err
		}), false),
	)
	console.putAbove(d.container)
	return d
}

// cut returns the beginning of a text that fits into a line.
func cut(text string, width int) string {
	if runes := []rune(text); len(runes) > width && width > 0 {
		return string(runes[:width])
	}
	return text
}

func (d *drawing) set(share float64, beside, below string) {
	d.mu.Lock()
	d.beside, d.below = beside, below
	d.mu.Unlock()
	d.bar.SetTotal(barSteps, false)
	d.bar.SetCurrent(int64(barSteps * share))
}

// end takes the bar away. It may be called on nil.
func (d *drawing) end() {
	if d == nil {
		return
	}
	d.bar.Abort(true)
	d.container.Wait()
	d.console.putAbove(nil)
}
