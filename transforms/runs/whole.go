package runs

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// writeWhole calls write to fill a file. finish syncs it, which takes a while, and only then does the
// file appear under its path.
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
		return rooted.Sync(filepath.Dir(path))
	}, nil
}
