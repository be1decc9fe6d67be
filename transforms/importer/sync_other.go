//go:build !linux

package importer

import (
	"io/fs"
	"os"
	"path/filepath"
)

// syncTree has all files of a folder on the disk.
func syncTree(folder string) error {
	return filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		return f.Sync()
	})
}
