package layout

import (
	"errors"
	"fmt"
	"os"

	"github.com/threadloom/threadloom/transforms/dirscan"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Names lists the chains files in a folder, in no order. It makes one pass over the
// entries, which come with their types, so that it need not stat each file. A folder that
// does not exist has none. It skips folders and symbolic links.
func Names(folder rooted.Path) ([]string, error) {
	var names dirscan.Names
	err := dirscan.Scan(folder, func(name []byte, regular bool) {
		if regular && IsChainsName(name) {
			names.Add(name)
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("listing the chains files: %w", err)
	}
	return names.Strings(), nil
}

// Count counts the Parquet files of a folder; a folder that does not exist has none.
func Count(folder rooted.Path) (n int64, err error) {
	err = dirscan.Scan(folder, func(name []byte, regular bool) {
		if regular && IsChainsName(name) {
			n++
		}
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return 0, fmt.Errorf("counting the files: %w", err)
	}
	return n, nil
}
