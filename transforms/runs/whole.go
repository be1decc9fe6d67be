package runs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// writeWhole has write fill a file. finish syncs it, which takes a while, and only then does it appear
// under its path.
func writeWhole(path string, write func(*os.File) error) (finish func() error, err error) {
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o666))
	if err != nil {
		return nil, err
	}
	if err := write(f.File); err != nil {
		return nil, errors.Join(err, f.Cleanup())
	}
	return func() error {
		defer f.Cleanup() //nolint:errcheck // nothing is left of one that was renamed
		if err := f.CloseAtomicallyReplace(); err != nil {
			return err
		}
		return syncFolder(filepath.Dir(path))
	}, nil
}

// syncFolder makes names outlast a loss of power.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := folder.Sync(); err != nil {
		_ = folder.Close() // the first error is the one to tell
		return fmt.Errorf("syncing the folder: %w", err)
	}
	return folder.Close()
}
