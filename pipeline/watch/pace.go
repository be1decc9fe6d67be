package watch

import (
	"math"
	"time"
)

// smoothOver is the time over which speeds are smoothed: texts are of very different
// lengths, and a worker's files end in bursts.
const smoothOver = 30 * time.Second

// pace is how fast a run goes.
type pace struct {
	last                State
	at                  time.Time
	files, rows, tokens rate
	run                 rate // tokens that the model ran in this process
	workersRows         rate
}

// update notes how far the run has come by now.
func (p *pace) update(now time.Time, s State) {
	if dt := now.Sub(p.at); !p.at.IsZero() && dt > 0 {
		p.files.add(s.Done-p.last.Done, dt)
		p.workersRows.add(s.workersRows-p.last.workersRows, dt)
		// The seconds in which the model is opened say nothing of the speed after them.
		if p.last.Rows > 0 || !s.rowsLeftKnown {
			p.rows.add(s.Rows-p.last.Rows, dt)
			p.tokens.add(s.tokens-p.last.tokens, dt)
		}
		if p.last.run > 0 {
			p.run.add(s.run-p.last.run, dt)
		}
	}
	p.last, p.at = s, now
}

// left returns how long the rest takes at the pace of late, if that can be said.
func (p *pace) left(s State) (left time.Duration, known bool) {
	rest, speed := float64(s.Missing-s.Done), p.files.perSecond()
	if s.rowsLeftKnown {
		rest, speed = float64(s.rowsLeft), p.rowsPerSecond(s)
	}
	if s.Done >= s.Missing || speed <= 0 {
		return 0, false
	}
	left = time.Duration(rest / speed * float64(time.Second))
	if left >= time.Minute {
		return left.Round(10 * time.Second), true
	}
	return left.Round(time.Second), true
}

// rowsPerSecond is the speed that can be expected for the rest of the rows. The tokens that the model
// runs in a second hardly change during a run. The tokens of a row do change: texts of some
// subreddits are longer, and duplicates take none. So the tokens of the rows that the engine has are
// counted. The other rows are assumed to be like all that it was given until now.
func (p *pace) rowsPerSecond(s State) float64 {
	if s.queued.Rows <= 0 || s.rowsLeft <= 0 {
		return p.workersRows.perSecond()
	}
	others := float64(max(0, s.rowsLeft-s.waiting.Rows))
	tokens := float64(s.waiting.Tokens) + others*float64(s.queued.Tokens)/float64(s.queued.Rows)
	return p.run.perSecond()*float64(s.rowsLeft)/max(1, tokens) + p.workersRows.perSecond()
}

// rate is a speed, smoothed: a moving average whose weights fall off exponentially, and
// which is not drawn towards 0 at the start (the bias correction of Kingma and Ba, Adam,
// 2015, section 3).
type rate struct{ sum, weight float64 }

func (r *rate) add(n int64, dt time.Duration) {
	keep := math.Exp(-dt.Seconds() / smoothOver.Seconds())
	r.sum = keep*r.sum + (1-keep)*float64(n)/dt.Seconds()
	r.weight = keep*r.weight + (1 - keep)
}

func (r rate) perSecond() float64 {
	if r.weight == 0 {
		return 0
	}
	return r.sum / r.weight
}
