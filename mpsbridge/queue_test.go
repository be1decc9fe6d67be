package mpsbridge

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

var ctx = context.Background()

// must returns a value that there must be.
func must[T any](t *testing.T) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func TestEnqueuePutsInOnlyWhatIsInNoList(t *testing.T) {
	q := startRedis(t).open(t)
	all := jobs(5)
	count := must[int](t)
	if n := count(q.Enqueue(ctx, all, false)); n != 5 {
		t.Fatalf("put in %d of 5", n)
	}
	w := q.worker(t, "a")
	w.take()                                         // a worker has 0, and has begun it
	w.move()                                         // a worker has 1
	w.nack(w.take(), 3, time.Hour, "damaged", "bad") // 2 is delayed
	w.nack(w.take(), 0, 0, "damaged", "hopeless")    // 3 is dead
	if n := count(q.Enqueue(ctx, all, false)); n != 0 {
		t.Errorf("put in %d that are in a list", n)
	}
	if got := must[[]string](t)(q.Unlisted(ctx, append(all, "other"))); !slices.Equal(got, []string{"other"}) {
		t.Errorf("unlisted: %v", got)
	}
	if n := count(q.Enqueue(ctx, all, true)); n != 1 {
		t.Errorf("tried %d dead ones anew, want 1", n)
	}
	if dead := must[map[string]DeadJob](t)(q.DeadOf(ctx, all)); len(dead) != 0 {
		t.Errorf("dead and in todo: %v", dead)
	}
}

func TestAJobIsTakenBegunAndAcknowledgedOnce(t *testing.T) {
	q := startRedis(t).open(t)
	must[int](t)(q.Enqueue(ctx, jobs(2), false))
	_, from, err := q.Events(ctx, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	w := q.worker(t, "a")
	job := w.take()
	if job != jobs(1)[0] {
		t.Fatalf("took %s first", job)
	}
	if w.ack(job) != 1 || w.ack(job) != 0 {
		t.Error("the first ack counts, the second does not")
	}
	events, _, err := q.Events(ctx, from, time.Second)
	if err != nil || !slices.Equal(events, []Event{{"done", job, "a"}}) {
		t.Errorf("events %v, %v", events, err)
	}
	w.take()
	if w.leave() != 1 || q.client.LLen(ctx, q.todo()).Val() != 1 {
		t.Error("a worker that leaves puts back what it holds")
	}
	if n := q.client.HLen(ctx, q.begun()).Val() + q.client.HLen(ctx, q.attempts()).Val(); n != 0 {
		t.Errorf("%d entries are left behind", n)
	}
}

func TestEightReapersRequeueALostWorkersJobsOnce(t *testing.T) {
	s := startRedis(t)
	q := s.open(t)
	must[int](t)(q.Enqueue(ctx, jobs(200), false))
	w := q.worker(t, "a")
	for w.move() != "" {
	}
	if r := must[Reaped](t)(q.Reap(ctx)); r != (Reaped{Live: 1}) {
		t.Fatalf("a live worker was reaped: %+v", r)
	}
	w.lose()
	var requeued atomic.Int64
	var reapers sync.WaitGroup
	for range 8 {
		reaper := s.open(t)
		reapers.Go(func() {
			r, err := reaper.Reap(ctx)
			if err != nil {
				t.Error(err)
			}
			requeued.Add(int64(r.Requeued))
		})
	}
	reapers.Wait()
	todo := q.client.LRange(ctx, q.todo(), 0, -1).Val()
	slices.Sort(todo)
	if requeued.Load() != 200 || !slices.Equal(todo, jobs(200)) {
		t.Errorf("%d requeued, %d in todo, want 200 and 200", requeued.Load(), len(todo))
	}
}

func TestAFencedWorkerCanDoNothing(t *testing.T) {
	q := startRedis(t).open(t)
	must[int](t)(q.Enqueue(ctx, jobs(2), false))
	w := q.worker(t, "a")
	job := w.take()
	w.lose()
	must[Reaped](t)(q.Reap(ctx))
	if w.heartbeat(time.Minute, 0) != 0 || w.ack(job) != 0 || w.nack(job, 3, 0, "damaged", "x") != 0 || w.giveBack(job, "head") != 0 {
		t.Error("a fenced worker's heartbeat, ack, nack and giving back must not count")
	}
	// If it still takes a job, over a connection that was half open, the job goes back.
	next := w.move()
	if w.begin(next) != 0 || q.client.LIndex(ctx, q.todo(), 0).Val() != next {
		t.Error("a fenced worker must not begin a job")
	}
	w.move() // if it dies before it begins the job, Reap still looks at its list for an hour
	if r := must[Reaped](t)(q.Reap(ctx)); r.Requeued != 1 {
		t.Errorf("reaped %+v from the list of a worker that was lost before", r)
	}
}

func TestFailuresAreDelayedAndTheThirdIsTheLast(t *testing.T) {
	q := startRedis(t).open(t)
	must[int](t)(q.Enqueue(ctx, jobs(1), false))
	w := q.worker(t, "a")
	delays := []time.Duration{}
	for attempt := 1; attempt < Attempts; attempt++ {
		start := time.Now()
		if n := w.nack(w.take(), Attempts, 40*time.Millisecond, "damaged", "bad footer"); n != attempt {
			t.Fatalf("attempt %d counted as %d", attempt, n)
		}
		until(t, "the job is due", func() bool { return must[Reaped](t)(q.Reap(ctx)).Due == 1 })
		delays = append(delays, time.Since(start))
	}
	if delays[0] < 40*time.Millisecond || delays[1] < 80*time.Millisecond {
		t.Errorf("delays %v, want 40 and 80 ms at least", delays)
	}
	job := w.take()
	if w.nack(job, Attempts, 0, "damaged", "bad footer") != -1 {
		t.Error("the third failure must bury the job")
	}
	dead := must[map[string]DeadJob](t)(q.DeadOf(ctx, []string{job, "other"}))
	if d := dead[job]; len(dead) != 1 || d.Attempts != 3 || d.Code != "damaged" || d.Reason != "bad footer" || d.Worker != "a" {
		t.Errorf("dead: %+v", dead)
	}
}

func TestAJobThatKillsItsWorkersIsBuried(t *testing.T) {
	q := startRedis(t).open(t)
	must[int](t)(q.Enqueue(ctx, jobs(1), false))
	for attempt := range Attempts {
		w := q.worker(t, string(rune('a'+attempt)))
		w.take()
		w.lose()
		want := Reaped{Requeued: 1}
		if attempt == Attempts-1 {
			want = Reaped{Buried: 1}
		}
		if r := must[Reaped](t)(q.Reap(ctx)); r != want {
			t.Fatalf("attempt %d: reaped %+v, want %+v", attempt+1, r, want)
		}
	}
}

func TestGivingBackCountsNoAttempt(t *testing.T) {
	q := startRedis(t).open(t)
	must[int](t)(q.Enqueue(ctx, jobs(3), false))
	w := q.worker(t, "a")
	first := w.take()
	w.giveBack(first, "head")
	if w.take() != first {
		t.Error("given back to the head, it must come first")
	}
	w.giveBack(first, "tail")
	if w.take() == first || q.client.LIndex(ctx, q.todo(), -1).Val() != first {
		t.Error("given back to the tail, it must come last")
	}
	if n := q.client.HLen(ctx, q.attempts()).Val(); n != 0 {
		t.Errorf("%d attempts counted", n)
	}
}

func TestEachJobIsWithdrawnOrTakenAndNeverBoth(t *testing.T) {
	s := startRedis(t)
	q := s.open(t)
	all := jobs(2000)
	must[int](t)(q.Enqueue(ctx, all, false))
	var taken []string
	var taker sync.WaitGroup
	w := s.open(t).worker(t, "a")
	taker.Go(func() {
		for job := w.move(); job != ""; job = w.move() {
			taken = append(taken, job)
		}
	})
	var withdrawn []string
	for {
		some := must[[]string](t)(q.Withdraw(ctx, all, 50))
		if len(some) == 0 {
			break
		}
		withdrawn = append(withdrawn, some...)
	}
	taker.Wait()
	both := slices.Concat(taken, withdrawn)
	slices.Sort(both)
	if !slices.Equal(both, all) || len(withdrawn) == 0 {
		t.Errorf("%d taken and %d withdrawn of %d", len(taken), len(withdrawn), len(all))
	}
	if withdrawn[0] != all[len(all)-1] {
		t.Error("the last job must be withdrawn first")
	}
}

func TestPlainProducersAndConsumers(t *testing.T) {
	q := startRedis(t).open(t)
	job := jobs(1)[0]
	q.client.RPush(ctx, q.todo(), job)
	if n := must[int](t)(q.Enqueue(ctx, []string{job}, false)); n != 0 {
		t.Error("a job of a plain RPUSH was put in again")
	}
	if got := q.client.BLPop(ctx, time.Second, q.todo()).Val(); len(got) != 2 || got[1] != job {
		t.Fatalf("BLPOP got %v", got)
	}
	if got := must[[]string](t)(q.Unlisted(ctx, []string{job})); len(got) != 1 {
		t.Error("a job that a plain consumer has is in no list")
	}
	if n := must[int](t)(q.Enqueue(ctx, []string{job}, false)); n != 1 {
		t.Error("a job that a plain consumer lost must be put in again")
	}
}

func TestRedisKilledForgetsNothingAndRedisWipedIsRefilled(t *testing.T) {
	s := startRedis(t)
	q := s.open(t)
	must[int](t)(q.Enqueue(ctx, jobs(100), false))
	w := q.worker(t, "a")
	w.take()
	s.Kill()
	if _, err := q.Reap(ctx); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a Redis that is gone gives %v", err)
	}
	s.Start()
	status := must[Status](t)(q.Status(ctx))
	if status.Todo != 99 || len(status.Workers) != 1 || len(status.Workers[0].Jobs) != 1 {
		t.Errorf("after the restart: %+v", status)
	}
	q.client.FlushAll(ctx)
	if w.heartbeat(time.Minute, 0) != 0 {
		t.Error("a worker that Redis has forgotten must be fenced")
	}
	if n := must[int](t)(q.Enqueue(ctx, jobs(100), false)); n != 100 {
		t.Errorf("refilled %d of 100", n)
	}
}

// documentedACL returns the ACL rule in docs/redis.md, from the part after name and password, for a queue.
func documentedACL(t *testing.T, queue string) (rule []any) {
	t.Helper()
	b, err := os.ReadFile("../docs/redis.md")
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(b), "ACL SETUSER mac on >secret ")
	if !found {
		t.Fatal("docs/redis.md has no ACL")
	}
	line, _, _ := strings.Cut(after, "\n")
	for _, word := range strings.Fields(strings.ReplaceAll(line, "phase4_todo_queue", queue)) {
		rule = append(rule, word)
	}
	return rule
}

func TestAnACLForTheQueueSuffices(t *testing.T) {
	s := startRedis(t)
	q := s.open(t)
	rule := append([]any{"ACL", "SETUSER", "mac", "on", ">secret"}, documentedACL(t, "q")...)
	if err := q.client.Do(ctx, rule...).Err(); err != nil {
		t.Fatal(err)
	}
	mac, err := Open(ctx, "redis://mac:secret@"+s.Address, "q")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = mac.Close() }()
	must[int](t)(mac.Enqueue(ctx, jobs(4), false))
	w := mac.worker(t, "m")
	w.ack(w.take())
	w.nack(w.take(), 3, 0, "damaged", "x")
	w.giveBack(w.take(), "tail")
	must[Reaped](t)(mac.Reap(ctx))
	must[Status](t)(mac.Status(ctx))
	must[[]string](t)(mac.Unlisted(ctx, jobs(4)))
	must[[]string](t)(mac.Withdraw(ctx, jobs(4), 1))
	w.leave()
	for _, command := range [][]any{{"FLUSHALL"}, {"KEYS", "*"}, {"GET", "other"}, {"SET", "other", "1"}, {"SETNX", "other", "1"}, {"CONFIG", "GET", "*"}, {"EVAL", "return redis.call('SET', 'other', '1')", "0"}} {
		if err := mac.client.Do(ctx, command...).Err(); err == nil || errors.Is(err, redis.Nil) {
			t.Errorf("%v is allowed", command)
		}
	}
	_, err = Open(ctx, "redis://mac:wrong@"+s.Address, "q")
	if err == nil || strings.Contains(err.Error(), "wrong:") || strings.Contains(err.Error(), "mac:wrong") {
		t.Errorf("a wrong password gives %v", err)
	}
}

func TestAHugeJobIsBuriedWithItsBeginningOnly(t *testing.T) {
	q := startRedis(t).open(t)
	q.client.RPush(ctx, q.todo(), strings.Repeat("x", 10<<20))
	w := q.worker(t, "a")
	w.nack(w.take(), 0, 0, "bad_job", "longer than 64 KiB")
	dead := must[Status](t)(q.Status(ctx)).Dead
	if len(dead) != 1 || len(dead[0].Job) > 2000 || !strings.Contains(dead[0].Job, "(10485760 bytes)") {
		t.Fatalf("%d dead", len(dead))
	}
	if n := must[int](t)(q.Drop(ctx, []string{dead[0].Job})); n != 1 {
		t.Error("it must be possible to drop it")
	}
}
