package transforms

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/chainfile"
)

const (
	eventWait    = 500 * time.Millisecond // longest wait for an event in one step
	sweepEvery   = 3 * time.Second        // between looks at all files and at the lists
	idleFor      = time.Second            // how long places are free before jobs are taken back
	giveUpWithin = 5 * time.Second        // for taking jobs out of the queue when the run ends
	tries        = 64                     // jobs that are looked up in the queue to take one back
)

// crossing is the files of one bundle on their way over the bridge. Redis tells when
// to look and who has what, but only files count: one is done when its output is
// there, whoever wrote it.
type crossing struct {
	queue   *mpsbridge.Queue
	options BridgeOptions

	waiting map[string]*crosser // by job: with the workers, or in a list for them
	order   []string            // their jobs, in the order of the queue
	untried []string            // those that may be in the queue; the last ones are taken back first
	backlog []File              // to be embedded here once there is a place
	here    ahead[outcome]      // being embedded here
	open    int                 // how many are

	events      string    // the last event that was seen
	nextSweep   time.Time // when to look at all files
	freeSince   time.Time // since when this process has had free places; zero: it has none
	silentSince time.Time // since when Redis does not answer; zero: it does
}

// crosser is one file that waits.
type crosser struct {
	file      File
	enqueued  time.Time
	lostSince time.Time // since when its job is in no list; zero: it is in one
}

func newCrossing(queue *mpsbridge.Queue, o BridgeOptions, now time.Time) *crossing {
	return &crossing{queue: queue, options: o, waiting: map[string]*crosser{}, nextSweep: now}
}

// add makes the crossing wait for a file; without a job it is embedded here.
func (c *crossing) add(file File, job string, now time.Time) {
	if job == "" {
		c.backlog = append(c.backlog, file)
		return
	}
	c.waiting[job] = &crosser{file: file, enqueued: now}
	c.order = append(c.order, job)
}

func (c *crossing) over() bool { return len(c.waiting)+len(c.backlog)+c.open == 0 }

// step waits a moment for something to happen and returns the files that have ended.
func (c *crossing) step(ctx context.Context) ([]outcome, error) {
	if openFiles.shut() {
		c.giveUp(ctx)
		return []outcome{{err: ErrInterrupted}}, nil
	}
	ended := c.look(ctx)
	if now := time.Now(); !now.Before(c.nextSweep) {
		ended = append(ended, c.sweep(ctx, now)...)
		// Looking at very many files on a slow disk must not become the main work.
		c.nextSweep = time.Now().Add(max(sweepEvery, 10*time.Since(now)))
	}
	if err := c.embedHere(ctx, time.Now()); err != nil {
		return ended, err
	}
	back := c.here.take()
	c.open -= len(back)
	return append(ended, back...), ctx.Err()
}

// giveUp takes out of the queue what nobody has begun, so that no worker goes on
// with a run that has ended. What cannot be taken out does no harm: files count.
func (c *crossing) giveUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), giveUpWithin)
	defer cancel()
	c.heard(c.withdraw(ctx, len(c.waiting)))
}

// look waits for events and looks at the files that they are about.
func (c *crossing) look(ctx context.Context) (ended []outcome) {
	events, next, err := c.queue.Events(ctx, c.events, eventWait)
	c.heard(err)
	if err != nil {
		sleep(ctx, eventWait)
		return nil
	}
	c.events = next
	for _, e := range events {
		if e.Kind == "done" {
			ended = append(ended, c.arrived(e.Job)...)
		} else if e.Kind == "dead" && c.waiting[e.Job] != nil {
			c.nextSweep = time.Time{}
		}
	}
	return ended
}

// arrived returns the outcome of a job whose output is there.
func (c *crossing) arrived(job string) []outcome {
	p := c.waiting[job]
	if p == nil {
		return nil
	}
	rows, err := chainfile.Check(c.options.Embed.Layout.output(p.file))
	if err != nil { // not there, not there yet, or no output: nobody is told that it is done
		return nil
	}
	return []outcome{c.settle(job, outcome{file: p.file, stats: fileStats{Rows: rows}, bridged: true})}
}

// settle ends a job's wait and counts its outcome for progress.
func (c *crossing) settle(job string, o outcome) outcome {
	delete(c.waiting, job)
	o.each(func(c *Counter, n int64) { c.local.Add(n) })
	return o
}

// sweep looks at all files, and at what has become of the jobs of those that are missing.
func (c *crossing) sweep(ctx context.Context, now time.Time) (ended []outcome) {
	var missing []string
	for _, job := range c.order {
		if out := c.arrived(job); out != nil {
			ended = append(ended, out...)
		} else if c.waiting[job] != nil {
			missing = append(missing, job)
		}
	}
	c.order, c.untried = missing, missing
	if !c.silentSince.IsZero() && now.Sub(c.silentSince) > c.options.LostAfter {
		slog.Warn("Redis does not answer: embedding here what its workers had", "files", len(c.waiting))
		c.takeBack(missing)
		return ended
	}
	dead, err := c.lookUp(ctx, missing, now)
	c.heard(err)
	return append(ended, dead...)
}

// lookUp finds out about jobs without an output: which are dead, lost, or unclaimed for too long.
func (c *crossing) lookUp(ctx context.Context, jobs []string, now time.Time) (ended []outcome, err error) {
	if _, err = c.queue.Reap(ctx); err != nil {
		return nil, err
	}
	dead, err := c.queue.DeadOf(ctx, jobs)
	if err != nil {
		return nil, err
	}
	var unread []string
	for job, d := range dead {
		if unreadable(d) {
			unread = append(unread, job)
			continue
		}
		ended = append(ended, c.settle(job, outcome{file: c.waiting[job].file, err: deathOf(d)}))
	}
	c.takeBack(unread)
	if _, err = c.queue.Drop(ctx, unread); err != nil {
		return ended, err
	}
	unlisted, err := c.queue.Unlisted(ctx, jobs)
	if err != nil {
		return ended, err
	}
	if _, err = c.queue.Enqueue(ctx, c.lost(unlisted, now), false); err != nil {
		return ended, err
	}
	if n := c.overdue(now); n > 0 {
		err = c.withdraw(ctx, n)
	}
	return ended, err
}

// lost returns those of the jobs in no list that have been in none for long enough:
// a consumer that keeps no list may be at work on the others.
func (c *crossing) lost(unlisted []string, now time.Time) (lost []string) {
	in := map[string]bool{}
	for _, job := range unlisted {
		in[job] = true
	}
	for job, p := range c.waiting {
		switch {
		case !in[job]:
			p.lostSince = time.Time{}
		case p.lostSince.IsZero():
			p.lostSince = now
		case now.Sub(p.lostSince) >= c.options.LostAfter:
			p.lostSince = time.Time{}
			lost = append(lost, job)
		}
	}
	return lost
}

// overdue returns how many jobs have been in the queue for longer than ClaimTimeout.
func (c *crossing) overdue(now time.Time) (n int) {
	for _, p := range c.waiting {
		if now.Sub(p.enqueued) >= c.options.ClaimTimeout {
			n++
		}
	}
	return n
}

// withdraw takes up to most jobs that no worker holds out of the queue, the last
// ones first, to embed their files here.
func (c *crossing) withdraw(ctx context.Context, most int) error {
	taken, err := c.queue.Withdraw(ctx, c.order, most)
	c.takeBack(taken)
	return err
}

// takeBack moves jobs to the backlog. Some may have no file that waits any more: a job
// that was put in anew while a worker still had it can be done and in the queue.
func (c *crossing) takeBack(jobs []string) {
	for _, job := range jobs {
		if p := c.waiting[job]; p != nil {
			c.backlog = append(c.backlog, p.file)
			delete(c.waiting, job)
		}
	}
}

// embedHere embeds what was taken back while this process has free places; when it
// has had some for a while, its own files are all open, and it takes more back.
func (c *crossing) embedHere(ctx context.Context, now time.Time) error {
	if len(slots) == cap(slots) {
		c.freeSince = time.Time{}
		return nil
	}
	if c.freeSince.IsZero() {
		c.freeSince = now
	}
	for len(slots) < cap(slots) {
		if len(c.backlog) == 0 {
			if now.Sub(c.freeSince) < idleFor || !c.silentSince.IsZero() {
				return nil
			}
			c.withdrawOne(ctx)
			if len(c.backlog) == 0 {
				return nil
			}
		}
		engine, err := models.Shared(c.options.Embed.Model)
		if err != nil {
			return err
		}
		file := c.backlog[0]
		c.backlog = c.backlog[1:]
		c.open++
		c.here.start(slots, func() outcome { return embedOne(ctx, engine, file, c.options.Embed) })
	}
	return nil
}

// withdrawOne takes one job back, from those at the end. Those that were tried in vain
// are with workers: they are not tried again before the next sweep has looked at them.
// Redis's errors are told by look.
func (c *crossing) withdrawOne(ctx context.Context) {
	last := max(0, len(c.untried)-tries)
	taken, err := c.queue.Withdraw(ctx, c.untried[last:], 1)
	if err == nil && len(taken) == 0 {
		c.untried = c.untried[:last]
	}
	c.takeBack(taken)
}

// heard notes whether Redis answers, and logs when that changes.
func (c *crossing) heard(err error) {
	switch {
	case err == nil && !c.silentSince.IsZero():
		c.silentSince = time.Time{}
		slog.Info("Redis answers again")
	case err != nil && c.silentSince.IsZero() && !errors.Is(err, context.Canceled):
		c.silentSince = time.Now()
		slog.Warn("Redis does not answer; files that have an output still count", "error", err)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}
