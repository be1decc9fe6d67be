package dump

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
)

// BrokenError is the error of a dump that breaks off, or that cannot be decompressed beyond some place.
type BrokenError struct {
	Path string
	At   int64 // bytes that were decompressed before
	Err  error
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("the dump %s breaks off after %d bytes of lines: %v", e.Path, e.At, e.Err)
}

func (e *BrokenError) Unwrap() error { return e.Err }

// Reader reads a dump's lines.
type Reader struct {
	path    string
	file    *os.File
	raw     *counted
	decoded io.Reader
	end     func()

	err    error  // that ended the decompressing; io.EOF at the end
	rest   []byte // the beginning of a line
	offset int64  // of rest in the decompressed dump
}

// counted reads the file, and counts and hashes what it reads.
type counted struct {
	file  *os.File
	hash  hash.Hash
	bytes atomic.Int64
	err   error // of the file, not of what is in it
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.file.Read(b)
	c.hash.Write(b[:n]) // which never fails
	c.bytes.Add(int64(n))
	if err != nil && !errors.Is(err, io.EOF) {
		c.err = err
	}
	return n, err
}

// Decoders are zstd decoders that are kept for the next dump. A decoder holds its window, of up to 2 GiB,
// twice, and Go clears memory that it reuses: for a small dump that takes longer than reading it.
type Decoders struct {
	window int64
	mutex  sync.Mutex
	idle   []*zstd.Decoder
}

// NewDecoders returns decoders for windows of some bytes at most.
func NewDecoders(window int64) *Decoders {
	const small = 8 << 20 // a window up to this size is not worth an error
	return &Decoders{window: max(window, small)}
}

func (d *Decoders) open(r io.Reader) (*zstd.Decoder, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	if n := len(d.idle); n > 0 {
		decoder := d.idle[n-1]
		d.idle = d.idle[:n-1]
		return decoder, decoder.Reset(r)
	}
	return zstd.NewReader(r, zstd.WithDecoderMaxWindow(uint64(d.window)), zstd.WithDecoderMaxMemory(1<<62),
		zstd.WithDecoderLowmem(false),  // with true, a full window of 2 GiB is moved for each MiB
		zstd.WithDecoderConcurrency(1)) // with more, everything is copied once more, and the parsers need the cores
}

func (d *Decoders) giveBack(decoder *zstd.Decoder) {
	_ = decoder.Reset(nil) // it only ends the decoding that is under way
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.idle = append(d.idle, decoder)
}

// Open opens a dump that was inspected.
func Open(info Info, decoders *Decoders) (*Reader, error) {
	f, err := os.Open(info.Path)
	if err != nil {
		return nil, fmt.Errorf("opening the dump: %w", err)
	}
	r := &Reader{path: info.Path, file: f, raw: &counted{file: f, hash: sha256.New()}, end: func() {}}
	r.err = r.decompress(info, decoders) // Read returns it
	return r, nil
}

// readBytes is how much is read from a file at once.
const readBytes = 1 << 20

func (r *Reader) decompress(info Info, decoders *Decoders) (err error) {
	raw := bufio.NewReaderSize(r.raw, readBytes)
	switch info.Format {
	case Zstd:
		var d *zstd.Decoder
		if d, err = decoders.open(raw); err == nil {
			r.decoded, r.end = d, sync.OnceFunc(func() { decoders.giveBack(d) })
		}
	case XZ:
		var d io.Reader
		if d, err = xz.NewReader(raw); err == nil {
			r.decoded = &wholeXZ{d, r.file, info.Bytes}
		}
	case Bzip2:
		r.decoded = bzip2.NewReader(raw)
	case Gzip:
		r.decoded, err = gzip.NewReader(raw)
	default:
		r.decoded = raw
	}
	return err
}

// wholeXZ is a decoder of xz that fails at the end of a file that was cut off. The library takes a cut
// inside of a block's header for the end of the file.
type wholeXZ struct {
	decoded io.Reader
	file    io.ReaderAt
	size    int64
}

func (x *wholeXZ) Read(to []byte) (int, error) {
	n, err := x.decoded.Read(to)
	if err == io.EOF && !endsLikeXZ(x.file, x.size) {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// endsLikeXZ reports whether a file ends with the footer of a stream, which zeros may follow
// (The .xz File Format, sections 2.1.2.4 and 2.2).
func endsLikeXZ(file io.ReaderAt, size int64) bool {
	tail := make([]byte, min(size, 4096))
	if _, err := file.ReadAt(tail, size-int64(len(tail))); err != nil {
		return false
	}
	return bytes.HasSuffix(bytes.TrimRight(tail, "\x00"), []byte("YZ"))
}

// Batch is some consecutive lines of a dump.
type Batch struct {
	Offset int64 // of Lines in the decompressed dump
	Lines  []byte
	// TooLong says that the batch stands for one line that was longer than LongestLine, and is not in Lines.
	TooLong bool
}

// LongestLine bounds a line, roughly. Reddit's own longest are below 1 MiB.
const LongestLine = 16 << 20

// Read fills b with whole lines, about as many as its Lines have room for; the last line of a dump
// may lack its newline. After the last one it returns io.EOF. If the dump breaks off, it returns the
// whole lines before that, and then a BrokenError with the unfinished line in b.
func (r *Reader) Read(b *Batch) error {
	b.Offset, b.TooLong = r.offset, false
	b.Lines = append(b.Lines[:0], r.rest...)
	r.rest = r.rest[:0]
	for r.err == nil && !r.full(b) {
		if len(b.Lines) > LongestLine && bytes.IndexByte(b.Lines, '\n') < 0 {
			r.passOver(b)
			return nil
		}
		r.fill(b)
	}
	if r.err != io.EOF { //nolint:errorlint // the decoders return it as it is
		whole := bytes.LastIndexByte(b.Lines, '\n') + 1
		if whole == 0 {
			return r.broken(b)
		}
		r.rest = append(r.rest, b.Lines[whole:]...)
		b.Lines = b.Lines[:whole]
	}
	r.offset += int64(len(b.Lines))
	if len(b.Lines) == 0 {
		return io.EOF
	}
	return nil
}

// full reports whether b has no room left and holds a whole line.
func (r *Reader) full(b *Batch) bool {
	return len(b.Lines) == cap(b.Lines) && bytes.IndexByte(b.Lines, '\n') >= 0
}

// fill reads once, after it has made room if there is none.
func (r *Reader) fill(b *Batch) {
	if len(b.Lines) == cap(b.Lines) {
		const least = 64 << 10
		b.Lines = slices.Grow(b.Lines, max(least, len(b.Lines)))
	}
	n, err := r.decoded.Read(b.Lines[len(b.Lines):cap(b.Lines)])
	b.Lines, r.err = b.Lines[:len(b.Lines)+n], err
}

// passOver skips to the end of a line that is too long.
func (r *Reader) passOver(b *Batch) {
	b.TooLong = true
	for r.err == nil {
		r.offset += int64(len(b.Lines))
		b.Lines = b.Lines[:0]
		r.fill(b)
		if end := bytes.IndexByte(b.Lines, '\n') + 1; end > 0 {
			r.offset += int64(end)
			r.rest = append(r.rest, b.Lines[end:]...)
			break
		}
	}
	b.Lines = b.Lines[:0]
}

// broken returns a BrokenError, or another error if the file itself could not be read.
func (r *Reader) broken(b *Batch) error {
	if r.raw.err != nil {
		return fmt.Errorf("reading the dump %s: %w", r.path, r.raw.err)
	}
	err := r.err
	if errors.Is(err, zstd.ErrWindowSizeExceeded) {
		err = errors.New("a later zstd frame asks for a larger window than the first: decompress it with 'zstd -d --long=31' and import the result")
	}
	return &BrokenError{Path: r.path, At: b.Offset + int64(len(b.Lines)), Err: err}
}

// CompressedBytes is how much of the file was read. It may be called at any time.
func (r *Reader) CompressedBytes() int64 { return r.raw.bytes.Load() }

// Sum reads what is left of the file, without decompressing it, and returns the SHA-256 of all of it.
func (r *Reader) Sum() (string, error) {
	if r.end(); r.raw.err == nil {
		_, _ = io.Copy(io.Discard, r.raw) // which keeps the error
	}
	if r.raw.err != nil {
		return "", fmt.Errorf("reading the dump %s: %w", r.path, r.raw.err)
	}
	return hex.EncodeToString(r.raw.hash.Sum(nil)), nil
}

// Close closes the file and gives the decoder's memory back.
func (r *Reader) Close() error {
	r.end()
	return r.file.Close()
}
