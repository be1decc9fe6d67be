package mpsbridge

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkEnqueue puts in 100,000 jobs, and a million, each twice. The second time all of
// them are there already. To compare, it puts in as many by plain RPUSHes. It reports the
// seconds of each and their ratio, the MB that Redis holds for the jobs, and the longest
// time in ms for which one call held Redis up.
func BenchmarkEnqueue(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) { benchmarkEnqueue(b, jobs(n)) })
	}
}

func benchmarkEnqueue(b *testing.B, all []string) {
	s := startRedis(b)
	q := s.open(b)
	ctx := context.Background()
	if err := q.client.ConfigSet(ctx, "slowlog-max-len", "10000").Err(); err != nil {
		b.Fatal(err)
	}
	longest := time.Duration(0)
	var first, again, plain time.Duration
	memory := 0.0
	for b.Loop() {
		empty(b, q)
		before := usedMB(b, q)
		first += timed(func() { mustEnqueue(b, q, all, len(all)) })
		memory += usedMB(b, q) - before
		again += timed(func() { mustEnqueue(b, q, all, 0) })
		longest = max(longest, slowest(b, q))
		empty(b, q)
		plain += timed(func() {
			for piece := range slices.Chunk(all, pieceOfJobs) {
				if err := q.client.RPush(ctx, q.todo(), arguments(piece)...).Err(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	n := float64(b.N)
	b.ReportMetric(first.Seconds()/n, "s/first")
	b.ReportMetric(again.Seconds()/n, "s/again")
	b.ReportMetric(plain.Seconds()/n, "s/plain")
	b.ReportMetric(first.Seconds()/plain.Seconds(), "×plain")
	b.ReportMetric(memory/n, "redis-MB")
	b.ReportMetric(float64(longest.Microseconds())/1000, "ms/longest")
	b.ReportMetric(0, "ns/op")
}

// slowest returns the time of the slowest call that put jobs in or read them.
func slowest(b *testing.B, q *Queue) (longest time.Duration) {
	b.Helper()
	calls, err := q.client.SlowLogGet(context.Background(), -1).Result()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range calls {
		if !strings.EqualFold(c.Args[0], "flushall") && !strings.EqualFold(c.Args[0], "rpush") {
			longest = max(longest, c.Duration)
		}
	}
	return longest
}

func empty(b *testing.B, q *Queue) {
	b.Helper()
	if err := q.client.FlushAll(context.Background()).Err(); err != nil {
		b.Fatal(err)
	}
}

func mustEnqueue(b *testing.B, q *Queue, all []string, want int) {
	b.Helper()
	if n, err := q.Enqueue(context.Background(), all, false); err != nil || n != want {
		b.Fatalf("%d jobs put in, want %d: %v", n, want, err)
	}
}

func timed(do func()) time.Duration {
	start := time.Now()
	do()
	return time.Since(start)
}

// usedMB is the memory that Redis says it uses.
func usedMB(b *testing.B, q *Queue) float64 {
	b.Helper()
	info, err := q.client.Info(context.Background(), "memory").Result()
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	number, _, _ := strings.Cut(rest, "\r")
	bytes, err := strconv.ParseFloat(number, 64)
	if err != nil {
		b.Fatalf("Redis's memory: %v", err)
	}
	return bytes / (1 << 20)
}
