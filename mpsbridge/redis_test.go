package mpsbridge

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/threadloom/threadloom/mpsbridge/redistest"
)

// The queue's scripts and commands are tested with each kind of server.
func TestMain(m *testing.M) { os.Exit(redistest.RunWithEach(m)) }

// server is a server that belongs to one test.
type server struct{ *redistest.Server }

func startRedis(t testing.TB) server { return server{redistest.New(t)} }

// open returns a client of the queue "q" on the server.
func (s server) open(t testing.TB) *Queue {
	t.Helper()
	q, err := Open(context.Background(), s.URL(), "q")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	return q
}

// until waits for something to hold.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never held that %s", what)
		}
	}
}

// worker is a worker's end of the protocol, as mpsbridge/worker has it in Python.
type worker struct {
	*Queue
	t    *testing.T
	name string
}

func (q *Queue) worker(t *testing.T, name string) *worker {
	w := &worker{q, t, name}
	if w.heartbeat(time.Minute, 1) != 1 {
		t.Fatalf("worker %s could not register", name)
	}
	return w
}

func (w *worker) run(name string, keys []string, arguments ...any) int {
	w.t.Helper()
	n, err := script(name).Run(context.Background(), w.client, keys, arguments...).Int()
	if err != nil {
		w.t.Fatalf("%s: %v", name, err)
	}
	return n
}

func (w *worker) heartbeat(lease time.Duration, first int) int {
	w.t.Helper()
	return w.run("heartbeat", []string{w.workers(), w.lists(), w.rows()}, w.name, lease.Milliseconds(), first, 600, 2000)
}

// move takes a job and does not begin it; "" if there is none.
func (w *worker) move() string {
	return w.client.LMove(context.Background(), w.todo(), w.active(w.name), "LEFT", "RIGHT").Val()
}

func (w *worker) begin(job string) int {
	w.t.Helper()
	return w.run("begin", []string{w.workers(), w.active(w.name), w.todo(), w.begun()}, w.name, job)
}

func (w *worker) take() string {
	w.t.Helper()
	job := w.move()
	if job != "" && w.begin(job) != 1 {
		w.t.Fatalf("worker %s could not begin %s", w.name, job)
	}
	return job
}

func (w *worker) ack(job string) int {
	w.t.Helper()
	return w.run("ack", []string{w.active(w.name), w.attempts(), w.begun(), w.events(), w.replace()}, w.name, job)
}

func (w *worker) nack(job string, most int, delay time.Duration, code, reason string) int {
	w.t.Helper()
	keys := []string{w.active(w.name), w.delayed(), w.attempts(), w.dead(), w.begun(), w.events()}
	return w.run("nack", keys, w.name, job, most, delay.Milliseconds(), reason, code)
}

func (w *worker) giveBack(job, end string) int {
	w.t.Helper()
	return w.run("giveback", []string{w.active(w.name), w.todo(), w.begun()}, job, end)
}

func (w *worker) leave() int {
	w.t.Helper()
	return w.run("leave", []string{w.workers(), w.active(w.name), w.todo(), w.begun(), w.rows()}, w.name)
}

// lose lets a worker's lease end.
func (w *worker) lose() {
	w.t.Helper()
	w.heartbeat(0, 1)
	time.Sleep(3 * time.Millisecond)
}

func jobs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i], _ = Job{fmt.Sprintf("/d/in/%06d.parquet", i), fmt.Sprintf("/d/out/%06d.parquet", i)}.Raw()
	}
	return all
}
