package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"golang.org/x/sys/unix"
)

const (
	// leaseBeat is how often a run says that it lives.
	leaseBeat = 5 * time.Second
	// leaseDead is how old the last word of a run on another machine is when it is
	// taken for dead.
	leaseDead = 60 * time.Second
)

// errOtherRun is why a run does not start: another one does the same work.
var errOtherRun = errors.New("another run is at work on the same subreddits")

// holder says who holds a lease.
type holder struct {
	Host    string    `json:"host"`
	Machine string    `json:"machine"` // where its PID means something
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
}

// lease keeps two runs over the same subreddits of one suffix from doing the work
// twice, such as a nightly one that began before the last had ended. It is a file
// whose time of change is renewed. Nothing but time is lost where it fails: outputs
// are put in place whole, whoever writes them.
type lease struct {
	path string
	me   holder
	stop chan struct{}
	done sync.WaitGroup
}

// leasePath is the lease of a run: in the folder of its outputs, by its subreddits.
func leasePath(outputs string, subreddits []string) string {
	sum := sha256.Sum256([]byte(strings.Join(slices.Sorted(slices.Values(subreddits)), "\n")))
	return filepath.Join(outputs, fmt.Sprintf("_run-%x.lease", sum[:4]))
}

// takeLease takes the lease at path, or fails with errOtherRun.
func takeLease(path string) (*lease, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, fmt.Errorf("making the folder of the outputs: %w", err)
	}
	host, _ := os.Hostname() // for the reader of a message only
	l := &lease{
		path: path, stop: make(chan struct{}),
		me: holder{Host: host, Machine: thisMachine(), PID: os.Getpid(), Started: time.Now().UTC().Truncate(time.Second)},
	}
	for range 3 { // a dead run's lease is removed, and another run may be faster
		err := l.create()
		if err == nil {
			l.done.Go(l.beat)
			return l, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, fmt.Errorf("taking the run's lease: %w", err)
		}
		if other, dead := l.look(); !dead {
			return nil, fmt.Errorf("%w: process %d on %s, since %s (%s)", errOtherRun, other.PID, other.Host, other.Started.Format(time.RFC3339), path)
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("removing the lease of a dead run: %w", err)
		}
	}
	return nil, errOtherRun
}

// create writes the lease beside its place and links it there, so that nobody ever
// reads half of it.
func (l *lease) create() (err error) {
	b, err := json.Marshal(l.me)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(l.path), "._run-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(f.Name())) }()
	if _, err := f.Write(b); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Link(f.Name(), l.path)
}

// look says who holds the lease, and whether that run is dead.
func (l *lease) look() (other holder, dead bool) {
	b, err := os.ReadFile(l.path)
	if errors.Is(err, os.ErrNotExist) {
		return other, true
	}
	if json.Unmarshal(b, &other) != nil {
		return other, l.silent()
	}
	if other.Machine == l.me.Machine {
		return other, chainfile.ProcessEnded(other.PID) || l.silent()
	}
	return other, l.silent()
}

// silent says whether the holder has not been heard of for long. One that speaks from
// the future is dead, too: the clock was set back since, and the living set it right
// with their next word.
func (l *lease) silent() bool { return l.age().Abs() > leaseDead }

// age returns how long ago the holder's last word was, by the clock of the machine
// whose disk it is.
func (l *lease) age() time.Duration {
	info, err := os.Stat(l.path)
	if err != nil {
		return 0
	}
	f, err := os.CreateTemp(filepath.Dir(l.path), "._run-*")
	if err != nil {
		return 0
	}
	defer func() { _ = errors.Join(f.Close(), os.Remove(f.Name())) }() // an empty file
	now, err := f.Stat()
	if err != nil {
		return 0
	}
	return now.ModTime().Sub(info.ModTime())
}

// beat renews the lease until release.
func (l *lease) beat() {
	tick := time.NewTicker(leaseBeat)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			_ = unix.UtimesNanoAt(unix.AT_FDCWD, l.path, nil, 0) // by the disk's clock; the next one may succeed
		}
	}
}

// release gives the lease back, if it is still this run's. It may be called on nil.
func (l *lease) release() {
	if l == nil {
		return
	}
	close(l.stop)
	l.done.Wait()
	var other holder
	if b, err := os.ReadFile(l.path); err == nil && json.Unmarshal(b, &other) == nil && other == l.me {
		_ = os.Remove(l.path) // or it is taken over when this process is gone
	}
}

// thisMachine tells the machine, or the container, in which a PID means something.
func thisMachine() string {
	host, _ := os.Hostname() // one of the three will do
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	space, _ := os.Readlink("/proc/self/ns/pid")
	return strings.Join([]string{host, strings.TrimSpace(string(boot)), space}, " ")
}
