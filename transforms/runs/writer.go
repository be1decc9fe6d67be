package runs

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"os"

	"github.com/klauspost/compress/s2"
)

// blockBytes is the size of a block of S2. A merge holds one, and its compressed form, for each run.
const blockBytes = 64 << 10

// footer is the end of a run.
type footer struct {
	Starts []int64         `json:"starts"` // of the streams, and the end of the last
	Note   json.RawMessage `json:"note"`
}

// writer writes a run. It keeps the first error, which end returns.
type writer struct {
	out     *bufio.Writer
	written int64 // bytes
	s2      *s2.Writer
	buf     []byte
	starts  []int64
	// subreddit is the one whose threads are being written, in lower case.
	subreddit string
	err       error
}

func newWriter(f *os.File) *writer {
	w := &writer{out: bufio.NewWriterSize(f, 1<<20)}
	w.s2 = s2.NewWriter(nil, s2.WriterBlockSize(blockBytes), s2.WriterConcurrency(1))
	return w
}

// stream begins the next stream and calls write to fill it. A stream without content takes no bytes.
func (w *writer) stream(write func()) {
	w.starts = append(w.starts, w.written)
	w.s2.Reset(countingWriter{w})
	write()
	w.endSubreddit()
	if err := w.s2.Close(); w.err == nil {
		w.err = err
	}
}

// names writes the first stream of a bucket.
func (w *writer) names(names []subreddit) {
	w.stream(func() {
		if len(names) == 0 {
			return
		}
		w.number(uint64(len(names)))
		for _, n := range names {
			w.text(n.lower)
			w.text(n.spelling)
		}
	})
}

// thread begins a thread, whose records are written next.
func (w *writer) thread(subreddit string, link, records uint64) {
	if subreddit != w.subreddit {
		w.endSubreddit()
		w.subreddit = subreddit
		w.text(subreddit)
	}
	w.number(records)
	w.number(link)
}

func (w *writer) endSubreddit() {
	if w.subreddit != "" {
		w.number(0)
	}
	w.subreddit = ""
}

func (w *writer) number(n uint64) { w.write(binary.AppendUvarint(w.buf[:0], n)) }

func (w *writer) text(t string) {
	w.write(append(binary.AppendUvarint(w.buf[:0], uint64(len(t))), t...))
}

func (w *writer) bytes(b []byte) {
	w.number(uint64(len(b)))
	if w.err == nil {
		_, w.err = w.s2.Write(b)
	}
}

func (w *writer) write(b []byte) {
	w.buf = b
	if w.err == nil {
		_, w.err = w.s2.Write(b)
	}
}

// end writes the footer.
func (w *writer) end(note json.RawMessage) error {
	if w.err != nil {
		return w.err
	}
	b, err := json.Marshal(footer{Starts: append(w.starts, w.written), Note: note})
	if err != nil {
		return err
	}
	if _, err := w.out.Write(binary.LittleEndian.AppendUint64(b, uint64(len(b)))); err != nil {
		return err
	}
	return w.out.Flush()
}

// countingWriter counts what a writer's streams write.
type countingWriter struct{ w *writer }

func (c countingWriter) Write(b []byte) (int, error) {
	n, err := c.w.out.Write(b)
	c.w.written += int64(n)
	return n, err
}
