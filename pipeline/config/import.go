package config

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/importer"
	"github.com/threadloom/threadloom/transforms/post"
	"github.com/threadloom/threadloom/transforms/subreddits"
	"github.com/threadloom/threadloom/transforms/thread"
)

// Import is what 'import' does.
type Import struct {
	*Settings
	Root       string
	Suffix     string
	ChainsDir  string
	Subreddits string // names, or the path of a list
	Chains     string
	MinTurns   int
	MaxTurns   int
	MaxThread  int64
	MaxBad     float64
	Bots       string // path of a list, or none
	Authors    bool
	Partial    bool
	Replace    bool
	Memory     int64
	Home       Home
	Flink      Flink
	Watching   Watching

	// ListPath is where the list of subreddits is to be written, if there is none.
	ListPath string
}

// The defaults of 'import'.
const (
	defaultMaxTurns  = 10
	defaultMaxThread = 1_000_000
	defaultMaxBad    = 0.01
	defaultMemory    = 1 << 30
	leastMemory      = 64 << 20
	noBots           = "none"
)

func chainModes() (names []string) {
	for _, m := range thread.Modes {
		names = append(names, string(m))
	}
	return names
}

// ForImport returns the settings of 'import'.
func ForImport() *Import {
	i := &Import{MaxBad: defaultMaxBad, Memory: defaultMemory}
	i.Settings = newSettings(
		in(groupFiles, i.addFiles),
		in(groupChains, i.addChains),
		in(groupFlink, i.Flink.addFlags),
		in(groupWatch, i.Watching.addProgress),
	)
	i.addBeams(flag.CommandLine)
	i.apart = []string{"subreddits"} // elsewhere it is a path, and the list may not be there yet
	return i
}

func (i *Import) addFiles(flags *pflag.FlagSet) {
	flags.StringVar(&i.Root, "root", "", "`folder` in which chains/ is made")
	flags.StringVar(&i.Suffix, "suffix", "comments", "`name` of the folder below chains/")
	flags.StringVar(&i.ChainsDir, "chains_dir", "", "`folder` of the chains (default {root}/chains)")
	flags.StringVar(&i.Subreddits, "subreddits", "", "comma-separated `names`, or a file with the list (default {root}/subreddits_list.json; if there is no list, all are imported and the list is written)")
	flags.BoolVar(&i.Replace, "replace", false, "replace folders even if they hold files that no import wrote")
	flags.BoolVar(&i.Partial, "partial", false, "if a dump breaks off, import what comes before")
	flags.Var(percent(&i.MaxBad), "max_bad", "`share` of a dump's lines that may be broken, such as 1%")
	flags.Var(size(&i.Memory), "memory", "`size` of what is sorted in memory, such as 512MiB; the windows of the dumps come on top")
	flags.StringVar(&i.Home.Folder, "home", "", "`folder` in which 'make setup' was run; only --runner=flink needs it")
}

func (i *Import) addChains(flags *pflag.FlagSet) {
	choice(flags, &i.Chains, "chains", chainModes(), "`what` a chain is: leaf (the way from the top of the thread to each comment without replies), longest (the same, but each comment is in one chain only), pair (parent and reply) or comment")
	flags.IntVar(&i.MinTurns, "min_turns", 0, "smallest `number` of comments in a chain (default 2, and 1 with --chains=comment)")
	flags.IntVar(&i.MaxTurns, "max_turns", defaultMaxTurns, "largest `number` of comments in a chain: a longer one keeps its last comments")
	flags.Int64Var(&i.MaxThread, "max_thread", defaultMaxThread, "largest `number` of comments in a thread; larger threads are left out")
	flags.StringVar(&i.Bots, "bots", "", "`file` with the names of bots, one a line, or the word none (default: a bundled list)")
	flags.BoolVar(&i.Authors, "authors", false, "keep the name of each leaf's author")
}

// Complete fills in what follows from other settings, checks all of them, and returns the plan of
// importing the dumps.
func (i *Import) Complete(dumps []string) (*importer.Plan, error) {
	i.Flink.readBeams(i.flags)
	if err := firstError(i.fill, i.Watching.check, i.check, i.checkRunner); err != nil {
		return nil, err
	}
	return i.plan(dumps)
}

func (i *Import) fill() error {
	if i.Root == "" {
		return Usagef("import: --root is missing: name the folder in which chains/ is to be made")
	}
	if err := makeAbsolute(&i.Root, &i.ChainsDir); err != nil {
		return err
	}
	i.ListPath = filepath.Join(i.Root, "subreddits_list.json")
	if i.MinTurns == 0 {
		if i.MinTurns = 2; i.Chains == string(thread.Single) {
			i.MinTurns = 1
		}
	}
	if i.Flink.Runner == "flink" {
		if err := i.Home.find(); err != nil {
			return err
		}
		i.Flink.fill(i.Home, i.Root)
	}
	return nil
}

func (i *Import) check() error {
	most := map[string]int{string(thread.Pair): 2, string(thread.Single): 1}
	switch n, fixed := most[i.Chains], most[i.Chains] > 0; {
	case !filepath.IsLocal(i.Suffix):
		return Usagef("--suffix %q: want a folder name", i.Suffix)
	case i.MinTurns < 1:
		return Usagef("--min_turns %d: want 1 or more", i.MinTurns)
	case fixed && i.MinTurns > n:
		return Usagef("--min_turns %d: with --chains=%s a chain has %d", i.MinTurns, i.Chains, n)
	case !fixed && i.MinTurns > i.MaxTurns:
		return Usagef("--min_turns %d: more than --max_turns %d", i.MinTurns, i.MaxTurns)
	case i.MaxThread < 1:
		return Usagef("--max_thread %d: want 1 or more", i.MaxThread)
	case i.MaxBad < 0 || i.MaxBad > 1:
		return Usagef("--max_bad: want 0%% to 100%%")
	case i.Memory < leastMemory:
		return Usagef("--memory: want 64MiB or more")
	}
	return checkChoice("chains", i.Chains, chainModes())
}

func (i *Import) checkRunner() error {
	runner, err := i.Flink.Named()
	if err != nil {
		return err
	}
	return usage(runner.Check(context.Background()))
}

func (i *Import) plan(dumps []string) (*importer.Plan, error) {
	files := Files{Root: i.Root, Suffix: i.Suffix, ChainsDir: i.ChainsDir}
	p := &importer.Plan{
		Chains: files.Layout().Chains, Authors: i.Authors, MaxThread: i.MaxThread, MaxBad: i.MaxBad, Partial: i.Partial, Memory: i.Memory,
		Options: thread.Options{Mode: thread.Mode(i.Chains), MinTurns: i.MinTurns, MaxTurns: i.MaxTurns},
	}
	var err error
	if p.Dumps, err = inspect(dumps); err != nil {
		return nil, err
	}
	p.Scans = min(len(p.Dumps), max(1, runtime.GOMAXPROCS(0)))
	if p.Bots, err = i.bots(); err != nil {
		return nil, err
	}
	p.Subreddits, err = i.subreddits()
	return p, err
}

func inspect(paths []string) (dumps []dump.Info, err error) {
	if len(paths) == 0 {
		return nil, Usagef("import: no dumps: name them, such as RC_2024-01.zst RS_2024-01.zst")
	}
	for _, path := range paths {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, UsageError{err}
		}
		info, err := dump.Inspect(abs)
		if err != nil {
			return nil, UsageError{err}
		}
		if slices.ContainsFunc(dumps, func(d dump.Info) bool { return d.Path == abs }) {
			return nil, Usagef("the dump %s is named twice", path)
		}
		dumps = append(dumps, info)
	}
	slices.SortFunc(dumps, func(a, b dump.Info) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Bytes, b.Bytes), cmp.Compare(a.Path, b.Path))
	})
	return dumps, nil
}

func (i *Import) bots() ([]string, error) {
	bots := post.Bots{}
	switch i.Bots {
	case noBots:
	case "":
		bots = post.BundledBots()
	default:
		b, err := os.ReadFile(i.Bots)
		if err != nil {
			return nil, Usagef("--bots: %w", err)
		}
		bots = post.ParseBots(string(b))
	}
	return slices.Sorted(maps.Keys(bots)), nil
}

// subreddits returns those that are wanted, none for all.
func (i *Import) subreddits() (names []string, err error) {
	switch path := i.Subreddits; {
	case path == "" && subreddits.IsWritten(i.ListPath):
		return nil, nil
	case path == "":
		names, err = subreddits.Read(i.ListPath)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		i.ListPath = ""
	case strings.HasSuffix(path, ".json") || strings.ContainsRune(path, filepath.Separator):
		names, err = subreddits.Read(path)
	default:
		err = list{values: &names}.Set(path)
	}
	if err == nil && len(names) == 0 {
		err = errors.New("the list is empty")
	}
	if err != nil {
		return nil, Usagef("--subreddits: %w", err)
	}
	seen := map[string]string{}
	for _, name := range names {
		if other, twice := seen[strings.ToLower(name)]; twice {
			return nil, Usagef("--subreddits: %s and %s are the same subreddit", other, name)
		}
		seen[strings.ToLower(name)] = name
	}
	return names, nil
}

// percent is a flag's value that is a share: 1% or 0.01.
func percent(value *float64) pflag.Value {
	return parsed[float64]{value, "share", parsePercent, func(x float64) string { return fmt.Sprintf("%g%%", x*100) }}
}

func parsePercent(text string) (float64, error) {
	number, isPercent := strings.CutSuffix(text, "%")
	x, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return 0, errors.New("want a share such as 1% or 0.01")
	}
	if isPercent {
		x /= 100
	}
	return x, nil
}

// size is a flag's value that is a number of bytes: 512MiB, 2GiB.
func size(value *int64) pflag.Value {
	return parsed[int64]{value, "size", parseSize, func(n int64) string { return strings.ReplaceAll(humanize.IBytes(uint64(n)), " ", "") }}
}

func parseSize(text string) (int64, error) {
	n, err := humanize.ParseBytes(text)
	if err != nil || n > math.MaxInt64 {
		return 0, errors.New("want a size such as 512MiB or 2GiB")
	}
	return int64(n), nil
}
