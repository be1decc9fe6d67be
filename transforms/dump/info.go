package dump

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
)

// Info is what is known about a dump before it is read.
type Info struct {
	Path     string
	Name     string // without the folder
	Bytes    int64  // of the file
	Modified int64  // nanoseconds since 1970
	Format   Format
	Window   int64 // bytes that its decoder looks back
}

// Format is how a dump is compressed.
type Format string

// The formats that can be read.
const (
	Plain Format = "plain"
	Zstd  Format = "zstd"
	XZ    Format = "xz"
	Bzip2 Format = "bzip2"
	Gzip  Format = "gzip"
)

// The windows of formats whose files do not state one.
const (
	gzipWindow  = 32 << 10
	bzip2Window = 8 << 20 // 900,000 characters and four bytes for each
)

// magics are the bytes with which a file of each format begins. Zstd's is not among them, because a
// file of it may begin with a frame that holds no data.
var magics = map[Format]string{XZ: "\xfd7zXZ\x00", Bzip2: "BZh", Gzip: "\x1f\x8b"}

// headBytes is how much of a file's head is read. An xz block's header has at most 1,024 bytes after the stream's 12.
const headBytes = 12 + 1024

// Inspect reads a dump's head.
func Inspect(path string) (Info, error) {
	f, err := os.Open(path)
	if err != nil {
		return Info{}, fmt.Errorf("opening the dump: %w", err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	stat, err := f.Stat()
	if err != nil {
		return Info{}, fmt.Errorf("looking at the dump %s: %w", path, err)
	}
	if !stat.Mode().IsRegular() {
		return Info{}, fmt.Errorf("the dump %s is not a file", path)
	}
	info := Info{Path: path, Name: filepath.Base(path), Bytes: stat.Size(), Modified: stat.ModTime().UnixNano()}
	if err := info.readHead(f); err != nil {
		return Info{}, fmt.Errorf("reading the head of the dump %s: %w", path, err)
	}
	return info, nil
}

func (i *Info) readHead(f io.ReaderAt) error {
	i.Format = Plain
	offset, err := skipFrames(f)
	if err != nil {
		return err
	}
	head := make([]byte, headBytes)
	n, err := f.ReadAt(head, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	if offset > 0 || bytes.HasPrefix(head, []byte(zstdMagic)) {
		return i.readZstdHead(head)
	}
	for format, magic := range magics {
		if bytes.HasPrefix(head, []byte(magic)) {
			i.Format = format
		}
	}
	switch i.Format {
	case Gzip:
		i.Window = gzipWindow
	case Bzip2:
		i.Window = bzip2Window
	case XZ:
		if i.Window, err = xzDictionary(head); err != nil {
			return err
		}
	}
	return nil
}

const zstdMagic = "\x28\xb5\x2f\xfd"

func (i *Info) readZstdHead(head []byte) error {
	i.Format = Zstd
	if len(head) == 0 {
		return nil // there is no frame with data
	}
	var h zstd.Header
	if err := h.Decode(head); err != nil {
		return fmt.Errorf("it breaks off in the header of its first zstd frame: %w", err)
	}
	window := h.WindowSize
	if h.HasFCS && (h.SingleSegment || h.FrameContentSize < window) {
		window = h.FrameContentSize
	}
	if window > mostWindow {
		return fmt.Errorf("its zstd window of %d MiB is larger than any that zstd writes (2,048 MiB)", window>>20)
	}
	i.Window = int64(window)
	return nil
}

// mostWindow is the largest window that is read: zstd --long=31.
const mostWindow = 1 << 31

// skipFrames returns where the first zstd frame with data begins (RFC 8878, section 3.1.2).
func skipFrames(f io.ReaderAt) (offset int64, err error) {
	for {
		var head [8]byte
		n, err := f.ReadAt(head[:], offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		if n < len(head) || head[0]>>4 != 5 || string(head[1:4]) != "\x2a\x4d\x18" {
			return offset, nil
		}
		offset += int64(len(head)) + int64(head[4]) | int64(head[5])<<8 | int64(head[6])<<16 | int64(head[7])<<24
	}
}

// xzDictionary reads the size of the dictionary of an xz file's first block (The .xz File Format, section 3.1).
func xzDictionary(head []byte) (int64, error) {
	const lzma2, streamHeader = 0x21, 12
	broken := errors.New("the header of its first xz block is broken, or asks for a filter other than LZMA2")
	if len(head) < streamHeader+2 {
		return 0, broken
	}
	if head[streamHeader] == 0 {
		return 0, nil // an index follows: there is no block
	}
	flags := head[streamHeader+1]
	rest := head[streamHeader+2:]
	sizes := int(flags>>6&1) + int(flags>>7&1)
	for range sizes {
		for len(rest) > 0 && rest[0]&0x80 != 0 {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return 0, broken
		}
		rest = rest[1:]
	}
	if flags&3 != 0 || len(rest) < 3 || rest[0] != lzma2 || rest[1] != 1 || rest[2] > 40 {
		return 0, broken
	}
	if rest[2] == 40 {
		return 1<<32 - 1, nil
	}
	return int64(2|rest[2]&1) << (rest[2]/2 + 11), nil
}

// Memory is how much a reader of the dump takes.
func (i Info) Memory() int64 {
	const buffers = 8 << 20
	if i.Format == Zstd {
		// The decoder moves the window to the front of a buffer when the buffer is full. With twice the
		// window each byte is moved once.
		return 2*i.Window + buffers
	}
	return i.Window + buffers
}
