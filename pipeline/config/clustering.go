package config

import (
	"cmp"
	"math"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/pflag"
)

// Clustering says whether and how the embeddings are clustered.
type Clustering struct {
	On         bool
	By         string // one of clusterings
	Method     string // one of methods
	MinSize    int64
	Sample     int64
	TimeColumn string // with the times of the chains
	Seed       int64
	Endpoint   string // of a Python side that runs already
	Python     string // interpreter

	NameURL   string // of a server that is asked for names
	NameModel string
}

// nameKeyVariable has the key of the server that names clusters. The Python side reads it from its
// environment, which is this process's unless it runs already.
const nameKeyVariable = "THREADLOOM_NAME_KEY"

// ByAll clusters all chains together.
const ByAll = "all"

func clusterings() []string { return []string{ByAll, "subreddit"} }

// methods are those of the Python side (cluster/methods/registry.py), the default first.
func methods() []string { return []string{"auto", "hdbscan", "leiden", "evoc", "cuml"} }

func (c *Clustering) addFlags(flags *pflag.FlagSet) {
	flags.BoolVar(&c.On, "cluster", true, "cluster the embeddings at the end")
	choice(flags, &c.By, "cluster_by", clusterings(), "`what` to cluster: all chains together, or each subreddit")
	choice(flags, &c.Method, "cluster_method", methods(), "`method` of the clustering: "+strings.Join(methods(), ", ")+" (auto: hdbscan for 3,000 to 15,000 different chains, otherwise leiden; cuml: on an NVIDIA GPU with RAPIDS)")
	flags.Int64Var(&c.MinSize, "cluster_min_size", 0, "smallest number of `chains` in a cluster (default: depends on how many chains there are)")
	flags.Int64Var(&c.Sample, "cluster_sample", 0, "largest number of `chains` to find the clusters with; the others join the clusters of their neighbours (default: 50000; evoc 200000, cuml 1000000)")
	flags.StringVar(&c.TimeColumn, "time_column", "created_utc", "`column` with the times of the chains; if they have it, over_time.parquet counts each cluster's chains by day, month or year")
	flags.Int64Var(&c.Seed, "cluster_seed", 42, "random `seed` of the clustering")
	flags.StringVar(&c.Endpoint, "cluster_endpoint", "", "`HOST:PORT` of a clustering service that runs already (python -m threadloom.cluster.beam.server --listen)")
	flags.StringVar(&c.NameURL, "name_url", "", "`URL` of a server with OpenAI's chat/completions that names the clusters, such as http://localhost:11434/v1; it gets words and typical chains of each (default: no server is asked, and nothing leaves the machine)")
	flags.StringVar(&c.NameModel, "name_model", "", "`model` that this server is asked for")
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
	if err := c.checkNaming(); err != nil {
		return err
	}
	return cmp.Or(checkChoice("cluster_by", c.By, clusterings()), checkChoice("cluster_method", c.Method, methods()))
}

// checkNaming refuses a server's URL that has a secret in it, because URLs are shown and recorded.
func (c *Clustering) checkNaming() error {
	switch u, err := url.Parse(c.NameURL); {
	case c.NameURL == "" && c.NameModel == "":
		return nil
	case c.NameURL == "":
		return Usagef("--name_model: name the server, too, with --name_url")
	case c.NameModel == "":
		return Usagef("--name_url: name the model, too, with --name_model")
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return Usagef("--name_url: want http://HOST:PORT/v1 or https://HOST/v1")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return Usagef("--name_url: want nothing before the host and only a path after it: a key goes into %s", nameKeyVariable)
	}
	return nil
}

// shownURL returns a URL without what may be secret in it.
func shownURL(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "(no URL)"
	}
	if u.User != nil {
		u.User = url.User("xxxxx")
	}
	if u.RawQuery != "" {
		u.RawQuery = "xxxxx"
	}
	return u.String()
}

func (c *Clustering) fill(home Home) { c.Python = cmp.Or(c.Python, home.python()) }

// StartsPython reports whether the run starts its own Python side.
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
