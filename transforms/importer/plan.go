package importer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/post"
	"github.com/threadloom/threadloom/transforms/thread"
)

// Plan is one import. It is written to its folder, so that elements of a pipeline need not carry it.
type Plan struct {
	Chains     string      // the folder of the subreddits, chains/{suffix}
	Dumps      []dump.Info // sorted by name
	Subreddits []string    // as they are to be spelled; none: all
	Bots       []string    // in lower case, sorted
	Authors    bool        // keep the authors' names
	Options    thread.Options
	MaxThread  int64   // lines of a thread that is not left out
	MaxBad     float64 // share of lines of a dump that may be broken
	Partial    bool    // take what comes before the place where a dump breaks off
	Memory     int64   // bytes for what is gathered, in addition to the windows of the dumps
	Scans      int     // dumps that a process reads side by side
}

// window is the largest window of the dumps.
func (p *Plan) window() (window int64) {
	for _, d := range p.Dumps {
		window = max(window, d.Window)
	}
	return window
}

// programMemory is what the rest of the program takes, with Beam and a runner.
const programMemory = 256 << 20

// MostMemory is how much memory a process takes at most.
func (p *Plan) MostMemory() int64 {
	scan := int64(0)
	for _, d := range p.Dumps {
		scan = max(scan, d.Memory())
	}
	return programMemory + p.Memory + int64(p.Scans)*scan
}

// work is the folder of everything that is not finished yet.
const work = ".import"

// Work is the folder in which everything is written before it is published.
func (p *Plan) Work() string { return filepath.Join(p.Chains, work) }

func (p *Plan) path() string { return filepath.Join(p.Work(), "plan.json") }

// Save writes the plan to its folder, and removes files of earlier imports that no process can use any more.
func (p *Plan) Save() error {
	if err := os.RemoveAll(p.temp()); err != nil {
		return fmt.Errorf("removing temporary files of an earlier import: %w", err)
	}
	for _, folder := range []string{p.temp(), p.chainsFolder()} {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return fmt.Errorf("making the folder of the import: %w", err)
		}
	}
	others, err := os.ReadDir(filepath.Dir(p.chainsFolder()))
	if err != nil {
		return fmt.Errorf("looking for chains of an earlier import: %w", err)
	}
	for _, o := range others {
		if o.Name() == p.key() {
			continue
		}
		if err := os.RemoveAll(filepath.Join(filepath.Dir(p.chainsFolder()), o.Name())); err != nil {
			return fmt.Errorf("removing chains of an earlier import: %w", err)
		}
	}
	return writeJSON(p.path(), p)
}

// Load reads the plan of a chains folder.
func Load(chains string) (*Plan, error) {
	p := &Plan{Chains: chains}
	return p, readJSON(p.path(), p)
}

// temp holds what is worth nothing when its process has ended.
func (p *Plan) temp() string { return filepath.Join(p.Work(), "temp") }

// version changes with the format of runs or chains, so that none of an older program are used.
const version = 1

// key returns a name that depends on the parts and on nothing else.
func key(parts ...any) string {
	b, err := json.Marshal(append(parts, version))
	if err != nil {
		panic(err) // strings and numbers can be written
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// dumpFolder is where the runs of a dump lie. They can be used again for the same file with the same options.
func (p *Plan) dumpFolder(d dump.Info) string {
	path, err := filepath.Abs(d.Path)
	if err != nil {
		path = d.Path
	}
	return filepath.Join(p.Work(), "dumps", key(path, d.Bytes, d.Modified, p.lowerSubreddits(), p.Bots, p.Authors))
}

// lowerSubreddits are the names in lower case, sorted.
func (p *Plan) lowerSubreddits() []string {
	return slices.Sorted(maps.Keys(p.spellings()))
}

// spellings are the subreddits that are wanted, by their names in lower case. It is nil if all are.
func (p *Plan) spellings() map[string]string {
	if len(p.Subreddits) == 0 {
		return nil
	}
	m := make(map[string]string, len(p.Subreddits))
	for _, s := range p.Subreddits {
		m[strings.ToLower(s)] = s
	}
	return m
}

func (p *Plan) bots() post.Bots {
	bots := post.Bots{}
	for _, b := range p.Bots {
		bots[b] = true
	}
	return bots
}

// chainsFolder is where the chains that are made from all dumps lie.
func (p *Plan) chainsFolder() string {
	var dumps []string
	for _, d := range p.Dumps {
		dumps = append(dumps, filepath.Base(p.dumpFolder(d)))
	}
	slices.Sort(dumps)
	return filepath.Join(p.Work(), "chains", key(dumps, p.Subreddits, p.Options, p.MaxThread))
}

// writeJSON writes a file that is complete and synced when it appears.
func writeJSON(path string, value any) error {
	b, err := json.Marshal(value)
	if err == nil {
		err = renameio.WriteFile(path, append(b, '\n'), 0o666)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func readJSON(path string, value any) error {
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, value)
	}
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	return nil
}

// readIfThere reads a file that an earlier run may have written.
func readIfThere(path string, value any) (there bool, err error) {
	if err = readJSON(path, value); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Bytes is the size of the dumps' files.
func (p *Plan) Bytes() (n int64) {
	for _, d := range p.Dumps {
		n += d.Bytes
	}
	return n
}
