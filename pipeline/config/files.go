package config

import (
	"cmp"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/outputs"
	"github.com/threadloom/threadloom/transforms/subreddits"
)

// Files says where files are, and what is read from them.
type Files struct {
	Root          string
	Suffix        string
	Subreddits    string // path of the list
	ChainsDir     string
	EmbeddingsDir string
	ClustersDir   string
	TextColumn    string
	Home          Home
	Sample        bool     // no --root was given
	Names         []string // of the subreddits
}

func (f *Files) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&f.Root, "root", "", "`folder` with subreddits_list.json and chains/; without it the bundled sample is used")
	flags.StringVar(&f.Suffix, "suffix", "comments", "`name` of the folder below chains/")
	flags.StringVar(&f.Subreddits, "subreddits", "", "`file` with the list of subreddits (default {root}/subreddits_list.json)")
	flags.StringVar(&f.ChainsDir, "chains_dir", "", "`folder` of the chains (default {root}/chains)")
	flags.StringVar(&f.EmbeddingsDir, "embeddings_dir", "", "`folder` for the embeddings (default {root}/embeddings)")
	flags.StringVar(&f.ClustersDir, "clusters_dir", "", "`folder` for the clusters (default {root}/clusters)")
	flags.StringVar(&f.TextColumn, "text_column", "text", "`name` of the text column")
	flags.StringVar(&f.Home.Folder, "home", "", "`folder` in which 'make setup' was run, with build/ and .venv/ (default: the folder of this program or one above it, else the folder where it was compiled, else the working directory)")
}

// fill finds the home, and completes the paths.
func (f *Files) fill() error {
	if err := f.Home.find(); err != nil {
		return err
	}
	if f.Root == "" {
		f.Sample, f.Root, f.Suffix = true, f.Home.path("build", "sample"), "sample"
		if _, err := os.Stat(f.Root); err != nil {
			return Usagef("no --root given and the bundled sample is not set up: run 'make setup', or give --root DIR%s", f.Home.Missing())
		}
	}
	if err := makeAbsolute(&f.Root, &f.ChainsDir, &f.EmbeddingsDir, &f.ClustersDir); err != nil {
		return err
	}
	f.Subreddits = cmp.Or(f.Subreddits, filepath.Join(f.Root, "subreddits_list.json"))
	return nil
}

// makeAbsolute completes the paths that are not empty.
func makeAbsolute(paths ...*string) error {
	for _, path := range paths {
		if *path == "" {
			continue
		}
		abs, err := filepath.Abs(*path)
		if err != nil {
			return UsageError{err}
		}
		*path = abs
	}
	return nil
}

func (f *Files) check() error {
	if !filepath.IsLocal(f.Suffix) {
		return Usagef("--suffix %q: want a folder name", f.Suffix)
	}
	if info, err := os.Stat(f.Layout().Chains); err != nil || !info.IsDir() {
		return Usagef("no chains folder %s: check --root and --suffix, or make chains from Reddit's dumps with 'import'", f.Layout().Chains)
	}
	return f.readList()
}

// fillForPython completes the settings of a command that only starts the Python side.
func (f *Files) fillForPython(python *string) error {
	if err := f.fill(); err != nil {
		return err
	}
	*python = cmp.Or(*python, f.Home.python())
	return firstError(f.readList, func() error { return checkPython(*python, f.Home, "") })
}

func (f *Files) readList() (err error) {
	if f.Names, err = subreddits.Read(f.Subreddits); err != nil {
		return Usagef("%w (--subreddits names the list)", err)
	}
	return nil
}

// Layout says where the run's files lie.
func (f *Files) Layout() layout.Layout {
	l := layout.New(f.Root, f.Suffix)
	if f.ChainsDir != "" {
		l.Chains = filepath.Join(f.ChainsDir, f.Suffix)
	}
	if f.EmbeddingsDir != "" {
		l.Embeddings = filepath.Join(f.EmbeddingsDir, f.Suffix)
	}
	return l
}

// Clusters is the folder of the clusters.
func (f *Files) Clusters() string {
	return filepath.Join(cmp.Or(f.ClustersDir, filepath.Join(f.Root, "clusters")), f.Suffix)
}

// Embedded returns the outputs, for a command that works on them. It is an error if there are none.
func (f *Files) Embedded() ([]layout.File, error) {
	files, err := outputs.Embedded(f.Layout(), f.Names)
	if err == nil && len(files) == 0 {
		err = Usagef("nothing is embedded in %s: check --root and --suffix, or run the pipeline on it first, with --cluster=false", f.Layout().Embeddings)
	}
	return files, err
}
