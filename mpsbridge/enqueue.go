package mpsbridge

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"
)

const (
	// turnFor is how long a producer that has died keeps others from enqueuing.
	turnFor = 15 * time.Second
	// turnPoll is how often a producer asks whether it is its turn.
	turnPoll = 20 * time.Millisecond
	// pageOverlap is how much of a page of todo is read again with the next one: jobs that
	// are withdrawn meanwhile move the others towards the tail.
	pageOverlap = 1000
	// putAtOnce bounds the jobs that one call puts in.
	putAtOnce = 2_500
	// endsOfTodo is how much of each end of todo is read once more: jobs are given back there.
	endsOfTodo = 1000
)

var errTurnLost = errors.New("another producer enqueues, because this one was silent for too long: try again")

// Enqueue puts those jobs into todo that are in no list, and returns how many. Dead jobs
// stay dead unless revive asks to try them again.
//
// It reads all lists once, whatever the number of jobs, so call it with many jobs at a time.
// Producers take turns, so that no two put in the same job. A job that a worker takes and
// gives back while the lists are read may be put in a second time. The worker that then
// takes it finds its output.
func (q *Queue) Enqueue(ctx context.Context, jobs []string, revive bool) (n int, err error) {
	if len(jobs) == 0 {
		return 0, nil
	}
	t, err := q.takeTurn(ctx)
	if err != nil {
		return 0, q.wrap("waiting to put jobs in", err)
	}
	defer t.end(ctx)
	unlisted, err := q.unlisted(ctx, jobs, t.renew)
	if err != nil {
		return 0, q.wrap("looking for jobs", err)
	}
	for piece := range slices.Chunk(unlisted, putAtOnce) {
		put, err := t.put(ctx, piece, revive, turnFor)
		n += put
		if err != nil {
			return n, q.wrap("putting jobs in", err)
		}
	}
	return n, nil
}

// turn is a producer's right to enqueue.
type turn struct {
	*Queue
	token string
}

func (q *Queue) takeTurn(ctx context.Context) (turn, error) {
	t := turn{q, rand.Text()}
	for {
		ok, err := q.client.SetNX(ctx, q.enqueuing(), t.token, turnFor).Result()
		if ok || err != nil {
			return t, err
		}
		select {
		case <-ctx.Done():
			return t, ctx.Err()
		case <-time.After(turnPoll):
		}
	}
}

// renew prolongs the turn. If the turn was lost, renew prolongs another producer's for a moment,
// and put fails.
func (t turn) renew(ctx context.Context) error {
	return t.client.PExpire(ctx, t.enqueuing(), turnFor).Err()
}

// put puts jobs in that are in no list.
func (t turn) put(ctx context.Context, jobs []string, revive bool, hold time.Duration) (int, error) {
	anew := 0
	if revive {
		anew = 1
	}
	keys := []string{t.todo(), t.dead(), t.attempts(), t.enqueuing()}
	n, err := enqueueScript.Run(ctx, t.client, keys, arguments(jobs, t.token, anew, hold.Milliseconds())...).Int()
	if err == nil && n < 0 {
		return 0, errTurnLost
	}
	return max(0, n), err
}

// end lets the next producer begin, even if this one was cancelled.
func (t turn) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readWithin)
	defer cancel()
	_, _ = t.put(ctx, nil, false, 0) // if this fails, the turn ends by itself
}

// Unlisted returns the jobs that are in no list and not dead.
func (q *Queue) Unlisted(ctx context.Context, jobs []string) ([]string, error) {
	unlisted, err := q.unlisted(ctx, jobs, func(context.Context) error { return nil })
	if err != nil {
		return nil, q.wrap("looking for jobs", err)
	}
	dead, err := q.DeadOf(ctx, unlisted)
	if err != nil {
		return nil, err
	}
	var alive []string
	for _, job := range unlisted {
		if _, ok := dead[job]; !ok {
			alive = append(alive, job)
		}
	}
	return alive, nil
}

// unlisted returns the jobs that are in no list, each once. It reads the lists in pages,
// so that Redis is never held up for long, and calls page before each. Jobs move
// meanwhile: from todo's head to a worker, from there to either end of todo or to the
// delayed ones, and from these to todo's tail. unlisted reads the lists in an order that
// follows these moves.
func (q *Queue) unlisted(ctx context.Context, jobs []string, page func(context.Context) error) ([]string, error) {
	unseen := make(map[string]struct{}, len(jobs))
	for _, job := range jobs {
		unseen[job] = struct{}{}
	}
	see := func(found []string) error {
		for _, job := range found {
			delete(unseen, job)
		}
		return page(ctx)
	}
	type reading = func(context.Context, func([]string) error) error
	for _, read := range []reading{q.readDelayed, q.readTodo, q.readRestless, q.readDelayed} {
		if err := read(ctx, see); err != nil {
			return nil, err
		}
	}
	var unlisted []string
	for _, job := range jobs {
		if _, ok := unseen[job]; ok {
			delete(unseen, job)
			unlisted = append(unlisted, job)
		}
	}
	return unlisted, nil
}

// readTodo reads from the tail, because a job's place counted from there stays the same when
// workers take jobs.
func (q *Queue) readTodo(ctx context.Context, see func([]string) error) error {
	for last := int64(-1); ; last -= pieceOfJobs - pageOverlap {
		jobs, err := q.client.LRange(ctx, q.todo(), last-pieceOfJobs+1, last).Result()
		if err != nil {
			return err
		}
		if err := see(jobs); err != nil || len(jobs) < pieceOfJobs {
			return err
		}
	}
}

// readDelayed misses no job that stays in the list while it reads. ZSCAN promises that.
func (q *Queue) readDelayed(ctx context.Context, see func([]string) error) error {
	for cursor := uint64(0); ; {
		found, next, err := q.client.ZScan(ctx, q.delayed(), cursor, "", pieceOfJobs).Result()
		if err != nil {
			return err
		}
		jobs := found[:0]
		for i := 0; i < len(found); i += 2 { // each is followed by when it is due
			jobs = append(jobs, found[i])
		}
		if err := see(jobs); err != nil || next == 0 {
			return err
		}
		cursor = next
	}
}

func (q *Queue) readRestless(ctx context.Context, see func([]string) error) error {
	jobs, err := restlessScript.Run(ctx, q.client, []string{q.todo(), q.lists()}, q.active(""), endsOfTodo).StringSlice()
	if err != nil {
		return err
	}
	return see(jobs)
}
