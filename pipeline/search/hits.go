package search

import (
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
	"github.com/threadloom/threadloom/transforms/searchfile"
)

// The columns of chains that are shown, in addition to the text.
const (
	titleColumn     = "title"
	permalinkColumn = "permalink"
	reddit          = "https://www.reddit.com" // before a permalink that begins with a slash
)

// Hit is a chain that was found.
type Hit struct {
	Rank      int     `json:"rank"`
	Score     float32 `json:"score"` // the cosine
	Subreddit text    `json:"subreddit"`
	ChainID   text    `json:"chain_id,omitempty"`
	Created   string  `json:"created,omitempty"` // RFC 3339, UTC
	Label     *int64  `json:"label,omitempty"`   // of its cluster, -1 for noise; none if it was not clustered
	Cluster   text    `json:"cluster,omitempty"` // the cluster's name
	Title     text    `json:"title,omitempty"`
	FirstLine text    `json:"first_line,omitempty"`
	Text      text    `json:"text,omitempty"` // with --long, in place of the first line
	Link      text    `json:"link,omitempty"`
	File      text    `json:"file"` // of the chains
	Row       int64   `json:"row"`  // in it
	Missing   string  `json:"missing,omitempty"`
}

// show fills in what is shown of the hits. If some of a chain cannot be read, it shows the rest, because
// the chain was found all the same.
func (s *searcher) show(found [][]searchfile.Hit, answers []Answer, labels map[uint64]cluster) {
	type place struct{ answer, hit int }
	var places []place
	for i, hits := range found {
		for j := range hits {
			places = append(places, place{i, j})
		}
	}
	inflight.Each(len(places), make(chan struct{}, runtime.GOMAXPROCS(0)), func(i int) {
		p := places[i]
		h := &answers[p.answer].Hits[p.hit]
		*h = s.hit(found[p.answer][p.hit], labels)
		h.Rank = p.hit + 1
	})
}

func (s *searcher) hit(found searchfile.Hit, labels map[uint64]cluster) Hit {
	o, row := s.file.Locate(found.Row)
	tree := s.config.Files.Layout()
	file := tree.File(o.Subreddit, o.Name)
	h := Hit{Score: found.Score, Subreddit: text(o.Subreddit), File: text(file.Input), Row: row}
	if t := s.file.Time(found.Row); t != searchfile.NoTime {
		h.Created = time.Unix(t, 0).UTC().Format(time.RFC3339)
	}
	if c, ok := labels[s.file.Key(found.Row)]; ok {
		h.Label, h.Cluster = &c.label, text(c.name)
	}
	cells, why := s.read(tree, file, row, s.file.Key(found.Row))
	h.Missing = why
	h.ChainID, h.Title = text(cells[searchfile.IDColumn].Text()), text(cells[titleColumn].Text())
	if link := cells[permalinkColumn].Text(); strings.HasPrefix(link, "/") {
		h.Link = text(reddit + link)
	} else if strings.HasPrefix(link, "https://") || strings.HasPrefix(link, "http://") {
		h.Link = text(link)
	}
	whole := cells[s.config.Files.TextColumn].Text()
	if s.config.Long {
		h.Text = text(whole)
	} else {
		h.FirstLine = text(firstLine(whole, string(h.Title)))
	}
	return h
}

// read reads the chain from its chains file. If that is gone or has changed since it was embedded, it reads
// what the output has of it, and says why there is no text.
func (s *searcher) read(tree layout.Layout, file layout.File, row int64, key uint64) (cells map[string]chainfile.Cell, why string) {
	names := []string{searchfile.IDColumn, titleColumn, permalinkColumn}
	cells, err := readRow(func() (map[string]chainfile.Cell, error) {
		return chainfile.ReadRow(tree.Input(file), row, append(names, s.config.Files.TextColumn)...)
	})
	if err == nil {
		id, ok := cells[searchfile.IDColumn]
		if !ok || key == 0 || searchfile.Key(file.Subreddit, id.Bytes()) == key {
			return cells, ""
		}
		why = "the chains file has changed since it was embedded"
	} else {
		why = oneLine(err.Error())
	}
	cells, err = readRow(func() (map[string]chainfile.Cell, error) {
		return chainfile.ReadRow(tree.Output(file), row, names...)
	})
	if err != nil {
		return nil, oneLine(err.Error())
	}
	return cells, why
}

// readRow turns a panic of the Parquet library into an error.
func readRow(read func() (map[string]chainfile.Cell, error)) (cells map[string]chainfile.Cell, err error) {
	defer func() {
		if p := recover(); p != nil {
			cells, err = nil, fmt.Errorf("panic while a row was read: %v", p)
		}
	}()
	return read()
}

// firstLine returns the first line of a text that says something other than its title.
func firstLine(text, title string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && line != strings.TrimSpace(title) {
			return line
		}
	}
	return ""
}
