// Package process names a process so that another one, later or elsewhere, can tell
// whether it has ended. A process number alone cannot: it means something on one
// machine only, since its last start, inside one container, and it is given out again.
package process

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// UnknownStart is the start of a process where the system does not tell it.
const UnknownStart = "0"

// placeBytes is how much of a hash names a place: host names are up to 253 bytes long.
const placeBytes = 16

// ID is a process.
type ID struct {
	Place string // see Place
	PID   int
	Start string // a number that a later process with the same PID does not have, or UnknownStart
}

// Self returns this process.
var Self = sync.OnceValue(func() ID {
	id := ID{Place: Place(), PID: os.Getpid(), Start: UnknownStart}
	if _, start, err := inProc("self"); err == nil {
		id.Start = start
	}
	return id
})

// Place returns the name of where this process's PID means something: the host, since
// its last boot, in one PID namespace (a container).
var Place = sync.OnceValue(func() string {
	host, _ := os.Hostname() // without it the other two tell places apart
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil && runtime.GOOS == "linux" { // which has PID namespaces
		// Another container may have the same host and boot. A place that no other
		// process has makes everybody judge by age.
		space = rand.Text()
	}
	return placeOf(host, boot(), space)
})

func placeOf(host, boot, space string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{host, boot, space}, "\n")))
	return hex.EncodeToString(sum[:placeBytes])
}

// Ended reports whether the process has ended. It is false for a process of another
// place: nobody can tell from here.
func (id ID) Ended() bool {
	if id.Place != Place() {
		return false
	}
	if errors.Is(syscall.Kill(id.PID, 0), syscall.ESRCH) {
		return true
	}
	if !procIsOurs() {
		return false
	}
	state, start, err := inProc(strconv.Itoa(id.PID))
	if err != nil { // /proc may hide the processes of other users
		return false
	}
	// A zombie has ended, and in a container nobody may ever collect it.
	return state == "Z" || state == "X" || id.Start != UnknownStart && id.Start != start
}

// procIsOurs reports whether /proc shows this process's PID namespace. A namespace
// that was made without a /proc of its own sees its parent's, with other numbers.
var procIsOurs = sync.OnceValue(func() bool {
	self, err := os.Readlink("/proc/self")
	return err == nil && self == strconv.Itoa(os.Getpid())
})

// inProc reads the state and the start time, in clock ticks since boot, of a process.
func inProc(pid string) (state, start string, err error) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", "", err
	}
	// The second field is the name in parentheses, which may hold blanks and parentheses.
	rest := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const stateField, startField = 3, 22 // see proc_pid_stat(5)
	if len(rest) <= startField-stateField {
		return "", "", fmt.Errorf("/proc/%s/stat has %d fields", pid, len(rest))
	}
	return rest[0], rest[startField-stateField], nil
}

// abandonedAfter is when an unfinished file counts as left behind if nobody here can tell
// whether its writer has ended.
const abandonedAfter = 24 * time.Hour

// LeftBehind reports whether the writer of an unfinished file is gone. age is that of its last
// write. Where its PID means something the process itself decides, however old the file is.
// Elsewhere, and for names that do not say it, only the age can: a day without a write.
func LeftBehind(writer ID, here string, ended func(ID) bool, age time.Duration) bool {
	if writer.Place == here {
		return ended(writer)
	}
	return age.Abs() > abandonedAfter // from the future, too: the clock may have been set back
}
