package dirscan

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/threadloom/threadloom/transforms/rooted"
	"golang.org/x/sys/unix"
)

// bufferBytes is what one system call reads, a few thousand entries: Go's own
// reader asks for 8 KiB at a time.
const bufferBytes = 256 << 10

var buffers = sync.Pool{New: func() any { return new([bufferBytes]byte) }}

// The layout of an entry: inode and offset, then these; see getdents64(2).
const (
	lengthAt = 16
	typeAt   = 18
	nameAt   = 19
)

// Scan calls visit for every entry of a folder but . and .., in the order of the
// file system. name is only valid during the call. regular is false for folders,
// symbolic links and other special files.
func Scan(folder rooted.Path, visit func(name []byte, regular bool)) error {
	f, err := folder.Open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	buffer := buffers.Get().(*[bufferBytes]byte)
	defer buffers.Put(buffer)
	for {
		n, err := syscall.ReadDirent(int(f.Fd()), buffer[:])
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return &os.PathError{Op: "reading the folder", Path: folder.Path, Err: err}
		}
		if n <= 0 {
			return nil
		}
		if err := entries(f, buffer[:n], visit); err != nil {
			return err
		}
	}
}

// entries calls visit for the entries in b, which hold a name that ends with a
// zero byte each.
func entries(folder *os.File, b []byte, visit func(name []byte, regular bool)) error {
	for len(b) > nameAt {
		length := int(binary.NativeEndian.Uint16(b[lengthAt:]))
		if length <= nameAt || length > len(b) {
			return fmt.Errorf("reading the folder %s: an entry of %d bytes", folder.Name(), length)
		}
		name, kind := b[nameAt:length], b[typeAt]
		b = b[length:]
		if end := bytes.IndexByte(name, 0); end >= 0 {
			name = name[:end]
		}
		if s := string(name); s == "." || s == ".." {
			continue
		}
		regular := kind == syscall.DT_REG
		if kind == syscall.DT_UNKNOWN { // some file systems do not say
			var info unix.Stat_t
			err := unix.Fstatat(int(folder.Fd()), string(name), &info, unix.AT_SYMLINK_NOFOLLOW)
			regular = err == nil && info.Mode&unix.S_IFMT == unix.S_IFREG
		}
		visit(name, regular)
	}
	return nil
}
