package remote

import (
	"context"
	"testing"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/mpsbridge/redistest"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/layout"
)

// If Redis is wiped, jobs are put in again that workers still have. When a worker has
// finished such a job, the job is settled but still in the queue.
func TestAJobThatIsSettledAndStillInTheQueueIsTakenOutOfIt(t *testing.T) {
	ctx := context.Background()
	queue, err := mpsbridge.Open(ctx, redistest.New(t).URL(), "q")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = queue.Close() }()
	settled := mpsbridge.Job{InputPath: "/in/a.parquet", OutputPath: "/out/a.parquet"}
	raw, err := settled.Raw()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := queue.Enqueue(ctx, []string{raw}, false); err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	e := embedding.New(counters.New())
	b := newBatch(queue, e.NewBundle(embedding.Options{}), disk{}, systemClock{}, e, Options{})
	b.add(layout.File{Input: "/in/b.parquet"}, "with a worker", 0)
	b.untried = []string{"with a worker", raw}
	b.freeSince = now.Add(-2 * idleFor)
	if err := b.embedHere(ctx); err != nil {
		t.Fatal(err)
	}
	if len(b.open) != 0 || len(b.pending) != 1 {
		t.Errorf("%d files are open here and %d wait, want 0 and 1", len(b.open), len(b.pending))
	}
	if left, err := queue.Unlisted(ctx, []string{raw}); err != nil || len(left) != 1 {
		t.Errorf("the settled job is still in the queue (%v)", err)
	}
}

func TestAWorkersCodeIsThatOfTheDeadLetter(t *testing.T) {
	for code, want := range map[string]deadletter.Code{
		"damaged": deadletter.Damaged, "worker_lost": deadletter.WorkerLost, "": deadletter.Internal, "of tomorrow": deadletter.Internal,
	} {
		err := deathOf(mpsbridge.DeadJob{Code: code, Worker: "mac", Reason: "no footer", Attempts: 1})
		if got := deadletter.CodeOf(err); got != want {
			t.Errorf("%q becomes %q, want %q", code, got, want)
		}
		if want := "worker mac: no footer (attempt 1)"; err.Error() != want {
			t.Errorf("got %q, want %q", err, want)
		}
	}
}
