//go:build !linux

package dirscan

import (
	"errors"
	"io"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// entriesAtOnce bounds what is in memory of a large folder.
const entriesAtOnce = 4096

// Scan calls visit for every entry of a folder but . and .., in the order of the
// file system. name is only valid during the call. regular is false for folders,
// symbolic links and other special files.
func Scan(folder rooted.Path, visit func(name []byte, regular bool)) error {
	f, err := folder.Open()
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // only read
	for {
		entries, err := f.ReadDir(entriesAtOnce)
		for _, entry := range entries {
			visit([]byte(entry.Name()), entry.Type().IsRegular())
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
