// Package search finds the chains whose meaning is nearest to a question, and shows them.
package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/pipeline/watch"
	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/searchfile"
)

// Result is what a search found; --json prints it.
type Result struct {
	File    string    `json:"file"` // the search file
	Rows    int64     `json:"rows"` // in it
	Read    int       `json:"outputs_read"`
	Answers []Answer  `json:"answers"`
	LeftOut []LeftOut `json:"left_out"`
	Seconds Seconds   `json:"seconds"`
	long    bool
}

// Answer is what was found for one question.
type Answer struct {
	Question text  `json:"question,omitempty"`
	Like     text  `json:"like,omitempty"`
	Hits     []Hit `json:"hits"`
}

// LeftOut is an output that was not searched.
type LeftOut struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
}

// Seconds are how long the parts of a search took.
type Seconds struct {
	Update float64 `json:"update"` // of the search file
	Embed  float64 `json:"embed"`  // the questions, with opening the model
	Scan   float64 `json:"scan"`
	Show   float64 `json:"show"` // reading the chains that were found
}

// Run searches the embedded chains of a suffix.
func Run(ctx context.Context, c *config.Search) (*Result, error) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	start := time.Now()
	files, err := c.Files.Embedded()
	if err != nil {
		return nil, err
	}
	file, changes, err := update(ctx, c, files)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	r := &Result{File: filePath(&c.Files), Rows: file.Rows, Read: changes.Read, LeftOut: []LeftOut{}, long: c.Long}
	for _, o := range file.LeftOut() {
		r.LeftOut = append(r.LeftOut, LeftOut{c.Files.Layout().File(o.Subreddit, o.Name).Output, o.LeftOut})
	}
	if file.Rows == 0 {
		return nil, fmt.Errorf("nothing can be searched: %s", r.leftOutLine())
	}
	r.Seconds.Update = seconds(&start)
	s := searcher{config: c, file: file, clusters: openClusters(c.Files.Clusters())}
	questions, err := s.questions(ctx)
	if err != nil {
		return nil, err
	}
	r.Seconds.Embed = seconds(&start)
	found, err := s.find(questions)
	if err != nil {
		return nil, err
	}
	r.Seconds.Scan = seconds(&start)
	if r.Answers, err = s.answers(found); err != nil {
		return nil, err
	}
	r.Seconds.Show = seconds(&start)
	return r, ctx.Err()
}

// seconds returns how long ago start was, and sets it to now.
func seconds(start *time.Time) float64 {
	now := time.Now()
	defer func() { *start = now }()
	return now.Sub(*start).Seconds()
}

// filePath is where the search file of a suffix is.
func filePath(f *config.Files) string { return filepath.Join(f.Clusters(), searchfile.Name) }

// readingGC is Go's own default for the garbage collector. With the setting for an engine, whose memory is not
// Go's, collecting would take as long as the reading.
const readingGC = 100

// update brings the search file up to date, watched.
func update(ctx context.Context, c *config.Search, files []layout.File) (*searchfile.File, searchfile.Changes, error) {
	u := &searchfile.Update{Path: filePath(&c.Files), Layout: c.Files.Layout(), Files: files, Reads: transforms.ThisProcess().Reads}
	shows := &watch.Progress{
		Console: &watch.Console{},
		Look: func() watch.State {
			done, all := u.Done.Files()
			return watch.State{Done: done, Missing: all, Rows: u.Done.Rows()}
		},
		Words: watch.Words{Doing: "reading vectors into the search file", Then: "writing the search file"},
	}
	stop := shows.Start(ctx, c.Watching.Progress)
	defer stop()
	defer debug.SetGCPercent(debug.SetGCPercent(readingGC))
	file, changes, err := u.Run(ctx)
	if errors.Is(err, os.ErrPermission) {
		err = config.Usagef("%w: %s", err, config.LetWrite)
	}
	return file, changes, err
}

// searcher is one search.
type searcher struct {
	config   *config.Search
	file     *searchfile.File
	clusters *clusters
	like     []int64 // rows of the chain that is searched with: it is not an answer
}

// questions returns the vectors to search with.
func (s *searcher) questions(ctx context.Context) ([][]float32, error) {
	if s.config.Like != "" {
		return s.likeVector()
	}
	fingerprint, _ := s.file.Fingerprint()
	engine, err := s.open(fingerprint)
	if err != nil {
		return nil, err
	}
	embedded, err := engine.Embed(ctx, s.config.Questions)
	if err != nil {
		return nil, fmt.Errorf("embedding the questions: %w", err)
	}
	d := engine.Folder.Dimension
	vectors := make([][]float32, len(s.config.Questions))
	for i := range vectors {
		vectors[i] = embedded.Vectors[i*d : (i+1)*d]
	}
	return vectors, nil
}

func (s *searcher) likeVector() ([][]float32, error) {
	var keys []uint64
	for _, name := range s.config.Files.Names {
		keys = append(keys, searchfile.Key(name, []byte(s.config.Like)))
	}
	s.like = s.file.Find(keys)
	if len(s.like) == 0 {
		return nil, config.Usagef("--like %q: no chain that was searched has this chain_id", s.config.Like)
	}
	return [][]float32{s.file.Vector(s.like[0])}, nil
}

// questionTokens is the token budget for questions, which are few and short: measuring a budget would take
// longer than embedding them.
const questionTokens = 256

// open opens the model that made the vectors.
func (s *searcher) open(made chainfile.Fingerprint) (*models.Engine, error) {
	c := s.config.Embedding(made.Precision, made.LongText, made.Prompt)
	c.TokenBudget, c.DedupMB = questionTokens, 0
	folder, err := models.Check(c)
	if err != nil { // perhaps only because this machine lacks that precision
		c.Precision = models.FP32
		folder, err = models.Check(c)
	}
	if err != nil {
		return nil, err
	}
	if weights := cmp.Or(made.WeightsSHA, made.ModelSHA); weights != folder.WeightsSHA && weights != folder.GraphSHA || made.Dimension != folder.Dimension {
		return nil, config.Usagef("--model %s is %s (%.12s), but the vectors are by %s: name the folder of their model",
			folder.Path, folder.Name, cmp.Or(folder.WeightsSHA, folder.GraphSHA), searchfile.Kind(made))
	}
	return models.Shared(c)
}

// find returns the hits for each question.
func (s *searcher) find(questions [][]float32) ([][]searchfile.Hit, error) {
	ranges := s.file.All()
	if len(s.config.Subreddits) > 0 {
		ranges = s.file.Where(func(o searchfile.Output) bool { return slices.Contains(s.config.Subreddits, o.Subreddit) })
	}
	keep, err := s.filter()
	if err != nil {
		return nil, err
	}
	return s.file.Nearest(questions, s.config.K, ranges, keep)
}

// filter returns which rows are wanted, nil if all of the subreddits are.
func (s *searcher) filter() (func(row int64) bool, error) {
	c := s.config
	dated, labelled := c.Since != 0 || c.Until != 0, len(c.Labels) > 0
	if !dated && !labelled && len(s.like) == 0 {
		return nil, nil
	}
	var members map[uint64]bool
	if labelled {
		var err error
		if members, err = s.clusters.members(c.Labels); err != nil {
			return nil, err
		}
	}
	return func(row int64) bool {
		return (!dated || s.inPeriod(s.file.Time(row))) && (!labelled || members[s.file.Key(row)]) && !slices.Contains(s.like, row)
	}, nil
}

func (s *searcher) inPeriod(t int64) bool {
	c := s.config
	return t != searchfile.NoTime && (c.Since == 0 || t >= c.Since) && (c.Until == 0 || t < c.Until)
}

// answers reads what is shown of the hits.
func (s *searcher) answers(found [][]searchfile.Hit) ([]Answer, error) {
	rows := map[uint64]bool{}
	for _, hits := range found {
		for _, h := range hits {
			rows[s.file.Key(h.Row)] = true
		}
	}
	labels, err := s.clusters.labels(rows)
	if err != nil {
		return nil, err
	}
	answers := make([]Answer, len(found))
	for i, hits := range found {
		if s.config.Like != "" {
			answers[i].Like = text(s.config.Like)
		} else {
			answers[i].Question = text(s.config.Questions[i])
		}
		answers[i].Hits = make([]Hit, len(hits))
	}
	s.show(found, answers, labels)
	return answers, nil
}

// LeftOutLine says in one line which outputs were not searched; empty: none.
func (r *Result) LeftOutLine() string {
	if len(r.LeftOut) == 0 {
		return ""
	}
	return "search left out " + r.leftOutLine()
}

// leftOutNamed is how many of the outputs that were left out are named.
const leftOutNamed = 3

func (r *Result) leftOutLine() string {
	var named []string
	for _, l := range r.LeftOut[:min(len(r.LeftOut), leftOutNamed)] {
		named = append(named, fmt.Sprintf("%s (%s)", l.File, l.Reason))
	}
	if more := len(r.LeftOut) - len(named); more > 0 {
		named = append(named, fmt.Sprintf("and %d more", more))
	}
	return config.OneLine(fmt.Sprintf("%d of the outputs: %s", len(r.LeftOut), strings.Join(named, "; ")))
}
