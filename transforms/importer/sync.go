package importer

import (
	"io/fs"
	"os"
	"path/filepath"
)

// fewFiles are synced one by one. To sync the file system at once is faster for more, but waits for
// what others write, too.
const fewFiles = 256

// syncTree has a folder with some files on the disk.
func syncTree(folder string, files int64) error {
	if files > fewFiles && syncFileSystem != nil {
		return syncFileSystem(folder)
	}
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return syncOne(path)
	})
}

// syncOne has a file's content, or the names in a folder, on the disk.
func syncOne(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	return f.Sync()
}
