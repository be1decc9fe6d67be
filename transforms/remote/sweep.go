package remote

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/threadloom/threadloom/transforms/embedding"
)

// sweep looks at all files, and at what has become of the jobs of those that are missing.
func (b *batch) sweep(ctx context.Context, now time.Time) (ended []embedding.Outcome) {
	var missing []string
	for _, job := range b.order {
		if out := b.arrived(job); out != nil {
			ended = append(ended, out...)
		} else if b.pending[job] != nil {
			missing = append(missing, job)
		}
	}
	b.order, b.untried = missing, missing
	if !b.silentSince.IsZero() && now.Sub(b.silentSince) > b.options.LostAfter {
		slog.Warn("Redis does not answer: embedding here what its workers had", "files", len(b.pending))
		b.takeBack(missing)
		return ended
	}
	dead, err := b.lookUp(ctx, missing, now)
	b.heard(err)
	return append(ended, dead...)
}

// lookUp finds out about jobs without an output: which are dead, lost, or unclaimed for too long.
func (b *batch) lookUp(ctx context.Context, jobs []string, now time.Time) (ended []embedding.Outcome, err error) {
	if _, err = b.queue.Reap(ctx); err != nil {
		return nil, err
	}
	dead, err := b.queue.DeadOf(ctx, jobs)
	if err != nil {
		return nil, err
	}
	var unread []string
	for job, d := range dead {
		if unreadable(d) {
			unread = append(unread, job)
			continue
		}
		ended = append(ended, b.settle(job, embedding.Outcome{File: b.pending[job].file, Err: deathOf(d), Bridged: true}))
	}
	if b.takeBack(unread) > 0 {
		if _, err = b.queue.Drop(ctx, unread); err != nil {
			return ended, err
		}
	}
	unlisted, err := b.queue.Unlisted(ctx, jobs)
	if err != nil {
		return ended, err
	}
	if err = b.enqueue(ctx, b.lost(unlisted, now), false); err != nil {
		return ended, err
	}
	if n := b.overdue(now); n > 0 {
		err = b.withdraw(ctx, n)
	}
	return ended, err
}

// lost returns those of the jobs in no list that have been in none for long enough:
// a consumer that keeps no list may be at work on the others.
func (b *batch) lost(unlisted []string, now time.Time) (lost []string) {
	in := map[string]bool{}
	for _, job := range unlisted {
		in[job] = true
	}
	for _, job := range slices.Backward(b.order) {
		p := b.pending[job]
		switch {
		case p == nil: // it has just been found dead
		case !in[job]:
			p.lostSince = time.Time{}
		case p.lostSince.IsZero():
			p.lostSince = now
		case now.Sub(p.lostSince) >= b.options.LostAfter:
			p.lostSince = time.Time{}
			lost = append(lost, job)
		}
	}
	return lost
}

// overdue returns how many jobs have been in the queue for longer than ClaimTimeout.
func (b *batch) overdue(now time.Time) (n int) {
	for _, p := range b.pending {
		if now.Sub(p.enqueued) >= b.options.ClaimTimeout {
			n++
		}
	}
	return n
}
