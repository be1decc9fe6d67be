package importer

import (
	"errors"
	"io/fs"
	"path/filepath"

	"github.com/threadloom/threadloom/transforms/rooted"
	"golang.org/x/sync/errgroup"
)

// fewFiles are synced one by one. For more files it is faster to sync the whole file system, but that
// also waits for what others write.
const fewFiles = 256

// syncsAtOnce is how many files are synced side by side: a file system writes their metadata together.
const syncsAtOnce = 32

// syncTree makes sure that a folder with some files is on the disk.
func syncTree(folder string, files int64) error {
	if files > fewFiles && syncFileSystem != nil {
		return syncFileSystem(folder)
	}
	var group errgroup.Group
	group.SetLimit(syncsAtOnce)
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err == nil {
			group.Go(func() error { return rooted.Sync(path) })
		}
		return err
	})
	return errors.Join(err, group.Wait())
}
