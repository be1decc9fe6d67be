package lease

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"time"

	"github.com/threadloom/threadloom/transforms/process"
)

// holder says who holds a lease.
type holder struct {
	Host    string    `json:"host"`
	Machine string    `json:"machine"` // where its PID means something
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
}

func thisProcess() holder {
	host, _ := os.Hostname() // for the reader of a message only
	return holder{Host: host, Machine: process.Place(), PID: os.Getpid(), Started: time.Now().UTC().Truncate(time.Second)}
}

// whoHolds returns the holder of a lease and whether it is alive. If the lease has just
// gone, its holder gave it back or is dead.
func whoHolds(path string) (h holder, alive bool) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return h, false
	}
	if json.Unmarshal(b, &h) == nil && h.Machine == process.Place() && (process.ID{Place: h.Machine, PID: h.PID, Start: process.UnknownStart}).Ended() {
		return h, false
	}
	// A lease from the future is dead, too: the clock was set back since, and a living
	// holder sets the time right when it renews the lease.
	return h, age(path).Abs() <= deadAfter
}
