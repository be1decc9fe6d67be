package doctor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/subreddits"
	"golang.org/x/sys/unix"
)

func checkFolders(c *config.Run) []Finding {
	mounts, _ := os.ReadFile("/proc/self/mounts") // elsewhere the mounts are not told
	layout := c.Files.Layout()
	found := []Finding{readable(layout.Chains, string(mounts)), writable(layout.Embeddings, string(mounts))}
	if c.Clustering.On {
		found = append(found, writable(c.Files.Clusters(), string(mounts)))
	}
	if !c.Workers.Bridged() {
		return found
	}
	switch _, err := mpsbridge.ReadNonce(layout.Embeddings); {
	case err == nil:
		found = append(found, ok("%s has the nonce by which workers know it", layout.Embeddings))
	case errors.Is(err, fs.ErrNotExist):
		found = append(found, ok("%s has no nonce yet: the run makes it", layout.Embeddings))
	default:
		found = append(found, fail("remove it: the run makes another", "%v", err))
	}
	return found
}

func readable(folder, mounts string) Finding {
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fail("check --root, --suffix and --chains_dir", "there is no folder %s", folder)
	}
	if err := unix.Access(folder, unix.R_OK|unix.X_OK); err != nil {
		return fail("let this user read it, or run as another", "%s cannot be read: %v", folder, err)
	}
	return ok("%s can be read%s", folder, mountOf(folder, mounts))
}

// writable says whether a folder, or the first one above that exists, can be written to.
func writable(folder, mounts string) Finding {
	there, err := config.CannotWrite(folder)
	if err != nil {
		return fail(config.LetWrite, "%s cannot be written to: %v", there, err)
	}
	if there != folder {
		return ok("%s can be made%s", folder, mountOf(there, mounts))
	}
	return ok("%s can be written to%s", folder, mountOf(folder, mounts))
}

// mountOf says which file system a path is on, from a system's table of mounts (see fstab(5)). It
// returns nothing if that is not known.
func mountOf(path, mounts string) string {
	longest, text := "", ""
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 3 {
			continue
		}
		at := strings.ReplaceAll(fields[1], `\040`, " ")
		if path != at && !strings.HasPrefix(path, strings.TrimSuffix(at, "/")+"/") || len(at) < len(longest) {
			continue // the last of two on one place covers the other
		}
		longest, text = at, fmt.Sprintf(" (%s on %s)", fields[2], at)
	}
	return text
}

const (
	scarceBytes = 5 << 30
	noBytes     = 200 << 20
	scarceFiles = 10_000
)

func checkDisk(files config.Files) []Finding {
	const do = "make room, or name another folder with --embeddings_dir: a million rows take about 1.5 GB"
	folder := config.Existing(files.Layout().Embeddings)
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return []Finding{warn(do, "the room in %s is not known: %v", folder, err)}
	}
	free := s.Bavail * uint64(s.Bsize)
	text := fmt.Sprintf("%.1f GB and %d files free in %s", float64(free)/(1<<30), s.Ffree, folder)
	fewFiles := s.Files > 0 && s.Ffree < scarceFiles // some file systems do not count files
	switch {
	case free < noBytes:
		return []Finding{fail(do, "%s", text)}
	case free < scarceBytes || fewFiles:
		return []Finding{warn(do, "%s", text)}
	}
	return []Finding{ok("%s", text)}
}

func checkList(files config.Files) []Finding {
	names, err := subreddits.Read(files.Subreddits)
	if err != nil {
		return []Finding{fail("write it, or name another with --subreddits", "%v", err)}
	}
	missing := 0
	for _, name := range names {
		if info, err := os.Stat(filepath.Join(files.Layout().Chains, name)); err != nil || !info.IsDir() {
			missing++
		}
	}
	text := fmt.Sprintf("%s: %d subreddits", files.Subreddits, len(names))
	if missing > 0 {
		return []Finding{warn("nothing is embedded of these", "%s, %d of them without a folder in %s", text, missing, files.Layout().Chains)}
	}
	return []Finding{ok("%s", text)}
}
