package importer

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/rooted"
	"github.com/threadloom/threadloom/transforms/runs"
)

// reportName is the file in a chains folder that says what became of each line.
const reportName = "_import.json"

// Report says what an import did.
type Report struct {
	Dumps      []Scanned `json:"dumps"`
	Lines      int64     `json:"lines"`
	Counts     Counts    `json:"counts"` // add up to the lines
	Chains     int64     `json:"chains"`
	Files      int64     `json:"files"`
	Threads    int64     `json:"threads"`
	Subreddits int64     `json:"subreddits"`
	Chosen     Chosen    `json:"options"`
	Key        string    `json:"key"` // of everything that the chains depend on
}

// Chosen are the options of an import.
type Chosen struct {
	Chains    string  `json:"chains"`
	MinTurns  int     `json:"min_turns"`
	MaxTurns  int     `json:"max_turns"`
	MaxThread int64   `json:"max_thread"`
	Bots      int     `json:"bots"` // names
	Authors   bool    `json:"authors"`
	MaxBad    float64 `json:"max_bad"`
}

func (p *Plan) reportPath() string { return filepath.Join(p.Chains, reportName) }

// key is what the chains depend on, in short.
func (p *Plan) key() string { return filepath.Base(p.chainsFolder()) }

// Done returns the report of an earlier import of the same dumps with the same options, if nothing has
// been imported since.
func (p *Plan) Done() (report Report, done bool, err error) {
	there, err := readIfThere(p.reportPath(), &report)
	return report, there && report.Key == p.key(), err
}

// Report adds up what became of all dumps and buckets, which must all have been scanned and woven.
func (p *Plan) Report() (Report, error) {
	r := Report{
		Key: p.key(),
		Chosen: Chosen{
			string(p.Options.Mode), p.Options.MinTurns, p.Options.MaxTurns, p.MaxThread, len(p.Bots), p.Authors, p.MaxBad,
		},
	}
	var err error
	if r.Dumps, err = p.scanned(); err != nil {
		return r, err
	}
	for _, d := range r.Dumps {
		r.Lines += d.Lines
		r.Counts.Add(d.Counts)
	}
	woven, err := p.woven()
	if err != nil {
		return r, err
	}
	for _, w := range woven {
		r.Counts.Add(w.Counts)
		r.Chains += w.Chains
		r.Files += w.Files
		r.Threads += w.Threads
		r.Subreddits += int64(len(w.Subreddits))
	}
	if n := r.Counts.Lines(); n != r.Lines {
		return r, fmt.Errorf("the counts add up to %d, and the dumps have %d lines: this is a fault of the program; please report it", n, r.Lines)
	}
	return r, nil
}

func (p *Plan) woven() ([]Woven, error) {
	all := make([]Woven, runs.Buckets)
	for bucket := range all {
		if err := readJSON(p.wovenPath(bucket), &all[bucket]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ForeignError is the error of folders that hold something other than chains of an import.
type ForeignError struct {
	Folders []string
}

func (e *ForeignError) Error() string {
	more := " holds"
	if n := len(e.Folders); n > 1 {
		more = fmt.Sprintf(" and %d other folders hold", n-1)
	}
	return e.Folders[0] + more + " files that no import wrote (--replace replaces the folder)"
}

// CheckPlaces returns a ForeignError if something else is in a place of the chains. Before anything is
// read, only the places of the subreddits that the plan lists are known.
func (p *Plan) CheckPlaces() error { return checkPlaces(p.Chains, p.Subreddits) }

func checkPlaces(chains string, subreddits []string) error {
	var foreign []string
	for _, s := range subreddits {
		folder := filepath.Join(chains, s)
		ours, err := isImported(folder)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("looking at what is in the chains' place: %w", err)
		}
		if err == nil && !ours {
			foreign = append(foreign, folder)
		}
	}
	if len(foreign) > 0 {
		return &ForeignError{foreign}
	}
	return nil
}

// isImported reports whether a folder holds nothing but chains of imports.
func isImported(folder string) (bool, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if !e.Type().IsRegular() || !hasKey(filepath.Join(folder, e.Name())) {
			return false, nil
		}
	}
	return true, nil
}

// hasKey reports whether a file is a Parquet file of an import.
func hasKey(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close() //nolint:errcheck // it was only read
	stat, err := f.Stat()
	if err != nil {
		return false
	}
	file, err := parquet.OpenFile(f, stat.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return false
	}
	_, ok := file.Lookup(footerKey)
	return ok
}

// Publish moves the chains to their places, writes the report, and removes what it does not need any
// more. It returns the subreddits that have chains, and how many folders of earlier imports are gone.
// If a process ended during Publish, the next one goes on with what has not been moved.
func (p *Plan) Publish(report Report, replace bool) (subreddits []string, replaced int, err error) {
	woven, err := p.woven()
	if err != nil {
		return nil, 0, err
	}
	for _, w := range woven {
		subreddits = append(subreddits, w.Subreddits...)
	}
	slices.Sort(subreddits)
	if !replace {
		if err := checkPlaces(p.Chains, subreddits); err != nil {
			return nil, 0, err
		}
	}
	for bucket, w := range woven {
		for _, name := range w.Subreddits {
			n, err := p.moveIn(filepath.Join(p.bucketFolder(bucket), name))
			if err != nil {
				return nil, 0, fmt.Errorf("publishing chains: %w", err)
			}
			replaced += n
		}
	}
	n, err := p.removeOthers(subreddits)
	if err != nil {
		return nil, 0, fmt.Errorf("removing chains of an earlier import: %w", err)
	}
	if err := rooted.Sync(p.Chains); err != nil { // syncs the names; the content of the folders is synced already
		return nil, 0, fmt.Errorf("syncing the chains folder: %w", err)
	}
	if err := writeJSON(p.reportPath(), report); err != nil {
		return nil, 0, err
	}
	return subreddits, replaced + n, p.Clean()
}

// Clean removes what an import wrote before it published.
func (p *Plan) Clean() error {
	for _, path := range []string{p.path(), p.temp(), filepath.Join(p.Work(), "dumps"), filepath.Join(p.Work(), "chains")} {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("removing what the import does not need any more: %w", err)
		}
	}
	return nil
}

// removeOthers removes chains of an earlier import if their subreddits were asked for in this import, too,
// but have no chains any more.
func (p *Plan) removeOthers(subreddits []string) (removed int, err error) {
	entries, err := os.ReadDir(p.Chains)
	if err != nil {
		return 0, err
	}
	wanted := p.spellings()
	for _, e := range entries {
		name := e.Name()
		_, listed := wanted[strings.ToLower(name)]
		if _, has := slices.BinarySearch(subreddits, name); has || !e.IsDir() || strings.HasPrefix(name, ".") || wanted != nil && !listed {
			continue
		}
		folder := filepath.Join(p.Chains, name)
		ours, err := isImported(folder)
		if err != nil {
			return removed, err
		}
		if !ours {
			continue
		}
		if err := p.moveOut(folder); err != nil {
			return removed, err
		}
		removed++
	}
	return removed, nil
}

// moveOut hides a folder in one step, and then removes it.
func (p *Plan) moveOut(folder string) error {
	old, err := os.MkdirTemp(p.temp(), "replaced-")
	if err != nil {
		return err
	}
	if err := os.Rename(folder, filepath.Join(old, filepath.Base(folder))); err != nil {
		return err
	}
	return os.RemoveAll(old)
}

// moveIn moves one subreddit to its place, and moves out what was there. If from does not exist any more,
// it was moved before.
func (p *Plan) moveIn(from string) (replaced int, err error) {
	if _, err := os.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	to := filepath.Join(p.Chains, filepath.Base(from))
	switch err := p.moveOut(to); {
	case err == nil:
		replaced = 1
	case !errors.Is(err, fs.ErrNotExist):
		return 0, err
	}
	return replaced, os.Rename(from, to)
}
