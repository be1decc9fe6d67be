package runs

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/s2"
)

// Run is a run that is open for reading.
type Run struct {
	file   *os.File
	footer footer
}

// Open opens a run.
func Open(path string) (*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the run: %w", err)
	}
	r := &Run{file: f}
	if err := r.readFooter(); err != nil {
		_ = f.Close() // the first error is reported
		return nil, fmt.Errorf("reading the end of the run %s: %w", path, err)
	}
	return r, nil
}

var errFooter = errors.New("it is not a run, or another version wrote it")

func (r *Run) readFooter() error {
	stat, err := r.file.Stat()
	if err != nil {
		return err
	}
	const most = 64 << 20
	var length [8]byte
	if stat.Size() < int64(len(length)) {
		return errFooter
	}
	if _, err := r.file.ReadAt(length[:], stat.Size()-int64(len(length))); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > most || int64(n) > stat.Size()-int64(len(length)) {
		return errFooter
	}
	b := make([]byte, n)
	if _, err := r.file.ReadAt(b, stat.Size()-int64(len(length))-int64(n)); err != nil {
		return err
	}
	if err := json.Unmarshal(b, &r.footer); err != nil || len(r.footer.Starts) != 2*Buckets+1 {
		return errFooter
	}
	return nil
}

// Note reads what the writer wanted to remember.
func (r *Run) Note(note any) error { return json.Unmarshal(r.footer.Note, note) }

// Close closes the file.
func (r *Run) Close() error { return r.file.Close() }

// stream opens one of the streams of a bucket: the names, or the threads. It is nil if there is none.
func (r *Run) stream(i int) *reader {
	start, end := r.footer.Starts[i], r.footer.Starts[i+1]
	if start == end {
		return nil
	}
	raw := io.NewSectionReader(r.file, start, end-start)
	return &reader{path: r.file.Name(), in: bufio.NewReaderSize(
		s2.NewReader(raw, s2.ReaderMaxBlockSize(blockBytes), s2.ReaderAllocBlock(blockBytes)), 4<<10)}
}

// names calls each for the subreddits of a bucket.
func (r *Run) names(bucket int, each func(lower, spelling string)) error {
	in := r.stream(2 * bucket)
	if in == nil {
		return nil
	}
	n, err := in.number()
	if err != nil {
		return in.broken(err)
	}
	for range n {
		lower, err := in.text()
		if err != nil {
			return err
		}
		spelling, err := in.text()
		if err != nil {
			return err
		}
		each(lower, spelling)
	}
	return nil
}

// cursor reads the threads of one bucket of a run.
type cursor struct {
	*reader
	subreddit string // in lower case
	link      uint64
	records   uint64 // of the thread, not read yet
}

// next goes to the next thread. It returns io.EOF after the last one.
func (c *cursor) next() (err error) {
	if c.subreddit != "" {
		if c.records, err = c.number(); err != nil {
			return c.broken(err)
		}
	}
	if c.records == 0 { // it was the last thread of a subreddit, or there was none before
		length, err := c.number()
		if err != nil {
			return err
		}
		name, err := c.bytes(length)
		if err != nil {
			return err
		}
		c.subreddit = string(name)
		if c.records, err = c.number(); err != nil {
			return c.broken(err)
		}
	}
	if c.link, err = c.number(); err != nil {
		return c.broken(err)
	}
	return nil
}

// nextRecord returns the next record of the thread, which is valid until the next call.
func (c *cursor) nextRecord() ([]byte, error) {
	length, err := c.number()
	if err != nil {
		return nil, c.broken(err)
	}
	c.records--
	return c.bytes(length)
}

// reader reads what a writer wrote.
type reader struct {
	path string
	in   *bufio.Reader
	buf  []byte
}

// number returns io.EOF at the end.
func (r *reader) number() (uint64, error) {
	n, err := binary.ReadUvarint(r.in)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, r.broken(err)
	}
	return n, err
}

func (r *reader) text() (string, error) {
	length, err := r.number()
	if err != nil {
		return "", r.broken(err)
	}
	b, err := r.bytes(length)
	return string(b), err
}

// bytes returns the next bytes, which are valid until the next call.
func (r *reader) bytes(length uint64) ([]byte, error) {
	const most = 1 << 31
	if length > most {
		return nil, r.broken(errors.New("a record is too long"))
	}
	if uint64(cap(r.buf)) < length {
		r.buf = make([]byte, length)
	}
	r.buf = r.buf[:length]
	if _, err := io.ReadFull(r.in, r.buf); err != nil {
		return nil, r.broken(err)
	}
	return r.buf, nil
}

// broken returns the error of a run that ends too early or was changed.
func (r *reader) broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("reading the run %s: %w", r.path, err)
}
