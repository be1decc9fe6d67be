package remote

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/threadloom/threadloom/transforms/embedding"
)

func none(int) bool { return false }

// Both sides pull from one queue. So the run takes as long as their added speeds need, and neither
// side is idle while files wait.
func TestMachinesOfDifferentSpeedsEndTogether(t *testing.T) {
	for _, c := range []struct {
		here, worker float64 // rows a second
		files        int
	}{{900, 300, 300}, {300, 900, 300}, {900, 300, 40}, {300, 900, 40}, {255, 77, 40}, {77, 255, 40}} {
		t.Run(fmt.Sprintf("%g here, %g at the worker, %d files", c.here, c.worker, c.files), func(t *testing.T) {
			s := newSim()
			s.speed = c.here
			w := &simWorker{name: "mac", speed: c.worker, fate: func() string { return "done" }}
			s.workers = []*simWorker{w}
			random := rand.New(rand.NewPCG(1, 2))
			rows, total := make([]int64, c.files), int64(0)
			for i := range rows {
				rows[i] = 1 + random.Int64N(5000)
				total += rows[i]
			}
			b, _ := s.batchOf(rows, none, none)
			b.options.ClaimTimeout = time.Hour
			start := s.now
			bridged := 0
			err := b.run(context.Background(), func(ended []embedding.Outcome) error {
				for _, o := range ended {
					if o.Bridged {
						bridged++
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			took, ideal := s.now.Sub(start).Seconds(), float64(total)/(c.here+c.worker)
			t.Logf("%.1f s, ideal %.1f s (%.3f); %d of %d files by the worker; idle here %v, at the worker %v",
				took, ideal, took/ideal, bridged, c.files, s.idle, w.idle)
			if took > 1.1*ideal {
				t.Errorf("it took %.1f s, the speeds add up to %.1f s", took, ideal)
			}
			if most := idleFor + eventWait + time.Second; s.idle > most || w.idle > most {
				t.Errorf("idle while files waited: %v here, %v at the worker", s.idle, w.idle)
			}
		})
	}
}

// Tiny files end between two events: the places that they leave must be taken at once.
func TestTinyFilesLeaveNoPlaceFree(t *testing.T) {
	s := newSim()
	rows := make([]int64, 2000)
	for i := range rows {
		rows[i] = 5
	}
	b, _ := s.batchOf(rows, none, none)
	start := s.now
	if err := b.run(context.Background(), func([]embedding.Outcome) error { return nil }); err != nil {
		t.Fatal(err)
	}
	// Each file is 5 ms of work, and 8 are open at once. Unless something wakes it, the batch takes a
	// step every busyWait.
	if took := s.now.Sub(start); took > 13*time.Second {
		t.Errorf("2000 files of 5 ms took %v", took)
	}
}
