package chainfile

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"hash/fnv"
	"regexp"
	"strconv"
	"time"

	"github.com/threadloom/threadloom/transforms/process"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// tempSuffix ends the names of files that are being written. They also start with a dot,
// so that no reader takes them for outputs.
const tempSuffix = ".parquet.tmp"

// noHash is the hash in the names that workers give, which do not say which output they are for.
const noHash = "0000000000000000"

// tempNames are the names of unfinished files: .{place}.{pid}.{start}.{random}.{hash}
// and tempSuffix. They have no dash. Those of older versions, .{host}-{pid}-{count}, have at
// least two, so that no host name makes one look like the other. Workers write the same names
// (worker/unfinished.py), and mpsbridge/golden/unfinished.json holds both to one rule.
var tempNames = regexp.MustCompile(`^\.([0-9a-f]{32})\.([1-9][0-9]{0,9})\.([0-9]{1,20})\.([0-9a-f]{16})\.([0-9a-f]{16})\.parquet\.tmp$`)

// tempName returns a new name for the unfinished file of an output.
func tempName(output string) string {
	var random [8]byte
	_, _ = rand.Read(random[:]) // never fails
	me := process.Self()
	return fmt.Sprintf(".%s.%d.%s.%x.%s%s", me.Place, me.PID, me.Start, random, NameHash(output), tempSuffix)
}

// NameHash returns the hash of an output's name. The name of the unfinished file contains this
// hash, because it may have no room for the output's name.
func NameHash(output string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(output)) // never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

// IsUnfinished reports whether a name in an output folder is that of a file that is
// being written, or was left unfinished.
func IsUnfinished(name []byte) bool {
	return len(name) > 0 && name[0] == '.' && bytes.HasSuffix(name, []byte(tempSuffix))
}

// Sweep removes those of a folder's unfinished files whose writer is gone, as
// process.LeftBehind says. It returns the hashes of those that it removed, if they have one.
func Sweep(at rooted.Path, unfinished []string) (hashes []string) {
	if len(unfinished) == 0 {
		return nil
	}
	folder, err := at.Folder()
	if err != nil {
		return nil // the next run meets them again
	}
	defer func() { _ = folder.Close() }() // only read
	for _, name := range unfinished {
		info, err := folder.Lstat(name)
		if err != nil || !info.Mode().IsRegular() {
			continue // gone meanwhile, or not one of ours
		}
		writer, hash := parseTempName(name)
		if process.LeftBehind(writer, process.Place(), process.ID.Ended, time.Since(info.ModTime())) && folder.Remove(name) == nil && hash != "" {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// parseTempName returns who writes an unfinished file, and its hash. Both are empty for
// a name that an older version wrote, or somebody else.
func parseTempName(name string) (writer process.ID, hash string) {
	fields := tempNames.FindStringSubmatch(name)
	if fields == nil {
		return process.ID{}, ""
	}
	pid, err := strconv.ParseInt(fields[2], 10, 32)
	if err != nil { // no system has it
		return process.ID{}, ""
	}
	if hash = fields[5]; hash == noHash {
		hash = ""
	}
	return process.ID{Place: fields[1], PID: int(pid), Start: fields[3]}, hash
}
