package importer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/threadloom/threadloom/transforms/runs"
	"golang.org/x/sync/errgroup"
)

// Scanned is what became of a dump.
type Scanned struct {
	Name     string    `json:"name"`
	Bytes    int64     `json:"bytes"`
	SHA256   string    `json:"sha256"`
	Lines    int64     `json:"lines"`
	LineSize int64     `json:"line_bytes"` // decompressed
	Counts   Counts    `json:"counts"`     // of lines of which nothing is kept
	Kept     int64     `json:"kept"`
	Bad      []BadLine `json:"bad_lines,omitempty"` // the first of the broken ones
	BrokeOff string    `json:"broke_off,omitempty"` // why it was not read to its end
	Runs     int       `json:"runs"`
}

// BadLine is a line that holds no usable post.
type BadLine struct {
	Offset int64  `json:"offset"` // of its first byte in the decompressed dump
	Reason string `json:"reason"`
}

// namedBadLines is how many broken lines of a dump are named.
const namedBadLines = 10

// TooManyBadError is the error of a dump with too many broken lines.
type TooManyBadError struct {
	Path      string
	Bad, Read int64
	First     []BadLine
}

func (e *TooManyBadError) Error() string {
	var first []string
	for _, b := range e.First[:min(len(e.First), 3)] {
		first = append(first, fmt.Sprintf("%s at byte %d", b.Reason, b.Offset))
	}
	return fmt.Sprintf("the dump %s: %d of %d lines are broken (%s), more than --max_bad allows", e.Path, e.Bad, e.Read, strings.Join(first, ", "))
}

// Scan reads the dump of this number, and writes its posts as runs. If that was done before, it
// returns the earlier result.
func (p *Process) Scan(ctx context.Context, number int) (Scanned, error) {
	ctx, end, err := p.begin(ctx, p.scans)
	if err != nil {
		return Scanned{}, err
	}
	defer end()
	info := p.Plan.Dumps[number]
	s := &scan{plan: p.Plan, process: p, info: info, folder: p.Plan.dumpFolder(info)}
	if err := os.MkdirAll(s.folder, 0o777); err != nil {
		return Scanned{}, fmt.Errorf("making the folder of a dump's runs: %w", err)
	}
	if err := s.resume(); err != nil {
		return Scanned{}, err
	}
	done, err := readIfThere(s.donePath(), &s.result)
	if err != nil {
		return Scanned{}, err
	}
	if done && s.result.LineSize == s.written.To {
		p.read.Add(s.info.Bytes)
		err = s.checkBroken()
	} else {
		err = s.read(ctx)
	}
	p.kept.Add(s.result.Kept)
	return s.result, err
}

func (s *scan) donePath() string { return donePath(s.folder) }

func donePath(folder string) string { return filepath.Join(folder, "done.json") }

type scan struct {
	plan    *Plan
	process *Process
	info    dump.Info
	folder  string
	result  Scanned
	written runNote // of all runs together
	runs    int
	seen    int64 // of process.read
}

// runNote says which lines a run was made from.
type runNote struct {
	From   int64     `json:"from"` // offsets in the decompressed dump
	To     int64     `json:"to"`
	Counts Counts    `json:"counts"`
	Kept   int64     `json:"kept"`
	Bad    []BadLine `json:"bad_lines,omitempty"`
}

// add adds the lines that follow.
func (n *runNote) add(o runNote) {
	n.To = o.To
	n.Kept += o.Kept
	n.Counts.Add(o.Counts)
	n.Bad = append(n.Bad, o.Bad[:min(len(o.Bad), namedBadLines-len(n.Bad))]...)
}

func runPath(folder string, i int) string { return filepath.Join(folder, fmt.Sprintf("run-%06d", i)) }

// resume finds the runs that an earlier process wrote, and removes what it left unfinished.
func (s *scan) resume() error {
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return fmt.Errorf("looking for runs: %w", err)
	}
	whole := true
	for _, e := range entries {
		path := filepath.Join(s.folder, e.Name())
		if path == s.donePath() {
			continue
		}
		if whole = whole && path == runPath(s.folder, s.runs); whole {
			note, err := readNote(path)
			if whole = err == nil && note.From == s.written.To; whole {
				s.written.add(note)
				s.runs++
				continue
			}
		}
		whole = strings.HasPrefix(e.Name(), ".") // hidden files are unfinished ones, and sort before runs
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("removing an unfinished run: %w", err)
		}
	}
	return nil
}

func readNote(path string) (note runNote, err error) {
	run, err := runs.Open(path)
	if err != nil {
		return note, err
	}
	return note, errors.Join(run.Note(&note), run.Close())
}

// checkBroken fails if too many lines are broken, or if the dump breaks off and may not.
func (s *scan) checkBroken() error {
	r := &s.result
	bad := r.Counts.Broken()
	if r.BrokeOff != "" {
		bad-- // the line within which it breaks off
	}
	if err := s.tooManyBad(bad, r.Lines, r.Bad); err != nil {
		return err
	}
	return s.mayBreakOff(r.BrokeOff)
}

// tooManyBad is a TooManyBadError if the plan allows fewer broken lines among so many, or else nil.
func (s *scan) tooManyBad(bad, lines int64, first []BadLine) error {
	if float64(bad) <= s.plan.MaxBad*float64(lines) {
		return nil
	}
	return &TooManyBadError{Path: s.info.Path, Bad: bad, Read: lines, First: first}
}

func (s *scan) mayBreakOff(reason string) error {
	if reason == "" || s.plan.Partial {
		return nil
	}
	return fmt.Errorf("%s (--partial imports what comes before)", reason)
}

const (
	chunkBytes = 1 << 20
	// spareParsers is how many batches wait for a parser, so that no parser waits for a batch.
	spareParsers = 2
)

// read goes through the lines: one goroutine decompresses, some parse, one gathers in the order of the
// dump, and one writes runs. Batches and their results go around in a circle, so that memory is bounded.
func (s *scan) read(ctx context.Context) (err error) {
	in, err := dump.Open(s.info, s.process.decoders)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	parsers := runtime.GOMAXPROCS(0)
	group, inner := errgroup.WithContext(ctx)
	free := make(chan *chunk, parsers+spareParsers)
	for range cap(free) {
		free <- &chunk{batch: dump.Batch{Lines: make([]byte, 0, chunkBytes)}, parsed: make(chan struct{}, 1)}
	}
	toParse, inOrder := make(chan *chunk, cap(free)), make(chan *chunk, cap(free))
	from := s.written.To
	g := newGatherer(s, group)
	group.Go(func() error {
		defer close(toParse)
		defer close(inOrder)
		return s.decompress(inner, in, from, free, toParse, inOrder)
	})
	settings := newParseSettings(s.plan)
	for range parsers {
		group.Go(func() error {
			parser := parser{settings: settings}
			for c := range toParse {
				parser.parse(c)
				c.parsed <- struct{}{}
			}
			return nil
		})
	}
	group.Go(func() error {
		defer g.end()
		for c := range inOrder {
			<-c.parsed
			if err := g.gather(inner, c); err != nil {
				return err
			}
			free <- c
		}
		return g.flush(inner)
	})
	if err := group.Wait(); err != nil {
		return stopped(ctx, err)
	}
	return s.finish(in)
}

// stopped returns the reason if the work was ended from outside, else err.
func stopped(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// decompress passes the lines on from an offset.
func (s *scan) decompress(ctx context.Context, in *dump.Reader, from int64, free <-chan *chunk, toParse, inOrder chan<- *chunk) error {
	var c *chunk
	for {
		if c == nil {
			select {
			case c = <-free:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		err := in.Read(&c.batch)
		s.progress(in)
		broken := (*dump.BrokenError)(nil)
		switch {
		case errors.As(err, &broken):
			s.result.BrokeOff = broken.Error()
			if err := s.mayBreakOff(s.result.BrokeOff); err != nil {
				return err
			}
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if c.skipTo(from) {
			toParse <- c
			inOrder <- c
			c = nil
		}
		if broken != nil || ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// progress counts what was read of the file.
func (s *scan) progress(in *dump.Reader) {
	n := in.CompressedBytes()
	s.process.read.Add(n - s.seen)
	s.seen = n
}

// finish writes what came of the dump.
func (s *scan) finish(in *dump.Reader) (err error) {
	r, n := &s.result, &s.written
	r.Name, r.Bytes, r.LineSize = s.info.Name, s.info.Bytes, n.To
	r.Counts, r.Kept, r.Bad, r.Runs = n.Counts, n.Kept, n.Bad, s.runs
	r.Lines = n.Kept + n.Counts.Lines()
	if r.SHA256, err = in.Sum(); err != nil {
		return err
	}
	s.progress(in)
	if err := s.checkBroken(); err != nil {
		return err
	}
	return writeJSON(s.donePath(), r)
}
