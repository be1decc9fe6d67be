package config

import (
	"cmp"
	"math"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// Clustering says whether and how the embeddings are clustered.
type Clustering struct {
	On       bool
	By       string // one of clusterings
	Method   string // one of methods
	MinSize  int64
	Sample   int64
	Seed     int64
	Endpoint string // of a Python side that runs already
	Python   string // interpreter
}

// ByAll clusters all chains together.
const ByAll = "all"

func clusterings() []string { return []string{ByAll, "subreddit"} }

// methods are those of the Python side (cluster/methods/registry.py), the default first.
func methods() []string { return []string{"auto", "hdbscan", "leiden", "evoc", "cuml"} }

func (c *Clustering) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&c.On, "cluster", true, "cluster the embeddings at the end")
	choice(flags, &c.By, "cluster_by", clusterings(), "`what` to cluster: all chains together, or each subreddit")
	choice(flags, &c.Method, "cluster_method", methods(), "`method` of the clustering: "+strings.Join(methods(), ", ")+" (auto: hdbscan for 3,000 to 15,000 different chains, otherwise leiden; cuml: on an NVIDIA GPU with RAPIDS)")
	flags.Int64Var(&c.MinSize, "cluster_min_size", 0, "least `chains` of a cluster (default: by their number)")
	flags.Int64Var(&c.Sample, "cluster_sample", 0, "`chains` that the clusters are found with, at most; the others are put beside them (default: 50000; evoc 200000, cuml 1000000)")
	flags.Int64Var(&c.Seed, "cluster_seed", 42, "random `seed` of the clustering")
	flags.StringVar(&c.Endpoint, "cluster_endpoint", "", "`HOST:PORT` of a clustering service that runs already (python -m threadloom.cluster.beam.server --listen)")
	addPython(flags, &c.Python)
}

func (c *Clustering) check() error {
	switch {
	case c.MinSize < 0 || c.MinSize == 1:
		return Usagef("--cluster_min_size %d: want 2 or more", c.MinSize)
	case c.Sample < 0:
		return Usagef("--cluster_sample %d: want more than 0", c.Sample)
	case c.Seed < 0 || c.Seed > math.MaxUint32:
		return Usagef("--cluster_seed %d: want 0 to %d", c.Seed, uint32(math.MaxUint32))
	}
	return cmp.Or(checkChoice("cluster_by", c.By, clusterings()), checkChoice("cluster_method", c.Method, methods()))
}

func (c *Clustering) fill(home Home) { c.Python = cmp.Or(c.Python, home.python()) }

// StartsPython says whether the run starts a Python side of its own.
func (c *Clustering) StartsPython() bool { return c.On && c.Endpoint == "" }

func addPython(flags *pflag.FlagSet, python *string) {
	flags.StringVar(python, "python", "", "Python `interpreter` with threadloom[cluster] (default: {home}/.venv/bin/python)")
}

func (h Home) python() string { return h.path(".venv", "bin", "python") }

// checkPython looks for the interpreter. otherwise is what else a user can do.
func checkPython(python string, home Home, otherwise string) error {
	if _, err := os.Stat(python); err != nil {
		return Usagef("--python %s: no such file: run 'make setup'%s%s", python, otherwise, home.Missing())
	}
	return nil
}
