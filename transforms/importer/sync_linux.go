package importer

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncTree has all files of a folder on the disk. One call for the file system is much faster than one
// for each of 100,000 small files.
func syncTree(folder string) error {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return unix.Syncfs(int(f.Fd()))
}
