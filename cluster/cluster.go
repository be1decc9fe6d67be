// Package cluster is the pipeline's last step: it turns embeddings files into
// clusters. The clustering itself is Python (beside this file); Go starts it as
// another process and calls it as a Beam cross-language transform.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/xlangx"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/typex"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/layout"
)

const (
	urn = "beam:transforms:python:threadloom_cluster:v1"
	// handler is the name under which the expansion below is registered.
	handler = "threadloom"
	// groupAll is the one group of By = "all".
	groupAll = "all"
)

func init() {
	register.DoFn1x2[layout.File, string, []byte](&jobFn{})
	register.DoFn3x1[context.Context, string, []byte, error](&countFn{})
	xlangx.RegisterHandler(handler, expand)
}

// Options say how to cluster. The Python side reads them by the names in the tags.
type Options struct {
	ClustersDir string `beam:"clusters_dir"` // folder for the results, clusters/{suffix}
	Lease       string `beam:"lease"`        // file of the lease on that folder: nothing is written if a later one is beside it
	TextColumn  string `beam:"text_column"`
	By          string `beam:"by"` // "all" or "subreddit"
	Seed        int64  `beam:"seed"`
	Method      string `beam:"method"`      // as Python's registry.METHODS has it
	MinSize     int64  `beam:"min_size"`    // least rows of a cluster; 0: by the number of rows
	TimeColumn  string `beam:"time_column"` // with the times of the chains
	Sample      int64  `beam:"sample"`      // rows that are fitted at most; 0: as many as the method takes
	Embedder    string `beam:"embedder"`    // JSON: the command that embeds words where the Python side runs, and its model; empty: there is none
	NameURL     string `beam:"name_url"`    // of a server that is asked for names; empty: none is
	NameModel   string `beam:"name_model"`
}

// Cluster clusters the embeddings of files, all together or each subreddit on
// its own, with the Python side at addr. It turns a PCollection<File> into files
// on disk. If the Python side refuses the options, it fails with one line.
func Cluster(s beam.Scope, addr string, o Options, files beam.PCollection) error {
	if err := checkFolder("the folder of the clusters", o.ClustersDir); err != nil {
		return err
	}
	s = s.Scope("cluster.Cluster")
	jobs := beam.ParDo(s, &jobFn{By: o.By}, files)
	out, err := beam.TryCrossLanguage(
		s, urn, beam.CrossLanguagePayload(o), handler+":"+addr,
		beam.UnnamedInput(jobs),
		beam.UnnamedOutput(typex.NewKV(typex.New(reflect.TypeFor[string]()), typex.New(reflect.TypeFor[[]byte]()))),
	)
	if refused := (*refusal)(nil); errors.As(err, &refused) {
		return refused
	}
	if err != nil {
		return fmt.Errorf("asking the clustering at %s for its step: %w", addr, err)
	}
	beam.ParDo0(s, &countFn{}, out[beam.UnnamedOutputTag()])
	return nil
}

// refusal is what the Python side says about options that it cannot follow; Beam
// adds the whole request to it.
type refusal struct{ text string }

func (r *refusal) Error() string { return "clustering: " + r.text }

// refused is the last line of the traceback of such a refusal.
var refused = regexp.MustCompile(`(?m)^\s*ValueError: (.+)$`)

type jobFn struct {
	By string
}

func (f *jobFn) ProcessElement(file layout.File) (string, []byte) {
	b, err := json.Marshal(file)
	if err != nil {
		panic(err) // strings and bools always can be JSON
	}
	if f.By == groupAll {
		return groupAll, b
	}
	return file.Subreddit, b
}

type countFn struct{}

func (f *countFn) ProcessElement(ctx context.Context, group string, summary []byte) error {
	var s struct {
		Rows     int64  `json:"rows"`
		Clusters int64  `json:"clusters"`
		Noise    int64  `json:"noise_rows"`
		Files    int64  `json:"files"`
		LeftOut  int64  `json:"files_left_out"`
		Error    string `json:"error"`
	}
	if err := json.Unmarshal(summary, &s); err != nil {
		return fmt.Errorf("reading the summary of group %q: %w", group, err)
	}
	process := transforms.ThisProcess()
	process.Count(ctx, counters.FilesLeftOut, s.LeftOut)
	if s.Error != "" && s.LeftOut > 0 {
		return nil // none of the group's files can take part: that is no reason to end other groups
	}
	if s.Error != "" {
		return fmt.Errorf("clustering %q: %s", group, s.Error)
	}
	process.Count(ctx, counters.Clusters, s.Clusters)
	process.Count(ctx, counters.NoiseRows, s.Noise)
	process.Count(ctx, counters.ClusteredRows, s.Rows)
	process.Count(ctx, counters.ClusteredFiles, s.Files)
	return nil
}

// expand asks the expansion service and drops the coders that carry no
// namespace from its answer: the Go SDK (2.77) sends its own coders along,
// gets them back, and would overwrite those of the pipeline that have the same name.
func expand(ctx context.Context, p *xlangx.HandlerParams) (*jobpb.ExpansionResponse, error) {
	p.Config = strings.TrimPrefix(p.Config, handler+":")
	res, err := xlangx.QueryExpansionService(ctx, p)
	if err != nil {
		if m := refused.FindStringSubmatch(err.Error()); m != nil {
			return nil, &refusal{m[1]}
		}
		return nil, err
	}
	ns := p.Req.GetNamespace()
	for id := range res.GetComponents().GetCoders() {
		if !strings.HasSuffix(id, "@"+ns) && !strings.HasPrefix(id, ns+"_") {
			delete(res.GetComponents().GetCoders(), id)
		}
	}
	return res, nil
}
