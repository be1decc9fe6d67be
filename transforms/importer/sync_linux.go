package importer

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncFileSystem makes sure that a whole file system is on the disk.
var syncFileSystem = func(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return unix.Syncfs(int(f.Fd()))
}
