package rooted

import (
	"errors"
	"fmt"
	"os"
)

// Sync has a file's content, or the names in a folder, outlast a loss of power.
func Sync(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("syncing %s: %w", path, err)
	}
	return nil
}
