package main

import (
	"math"
	"time"
)

// smoothOver is the time over which speeds are smoothed: files are of very different
// sizes, and end in bursts.
const smoothOver = 30 * time.Second

// pace is how fast a run goes.
type pace struct {
	last                standing
	at                  time.Time
	files, rows, tokens rate
}

// update takes in how far the run is now.
func (p *pace) update(now time.Time, s standing) {
	if dt := now.Sub(p.at); !p.at.IsZero() && dt > 0 {
		p.files.add(s.done-p.last.done, dt)
		p.rows.add(s.rows-p.last.rows, dt)
		p.tokens.add(s.tokens-p.last.tokens, dt)
	}
	p.last, p.at = s, now
}

// left returns how long the rest takes at the pace of late, if that can be said.
func (p *pace) left(s standing) (left time.Duration, known bool) {
	speed := p.files.perSecond()
	if s.done >= s.missing || speed <= 0 {
		return 0, false
	}
	left = time.Duration(float64(s.missing-s.done) / speed * float64(time.Second))
	if left >= time.Minute {
		return left.Round(10 * time.Second), true
	}
	return left.Round(time.Second), true
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
