package chainfile

import (
	"fmt"

	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Columns returns the names of the scalar columns of a chains file, the text column among
// them. It reads the footer only.
func Columns(at rooted.Path) (names []string, err error) {
	f, err := at.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	file, err := parquetread.Open(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("not a readable Parquet file: %w", err)
	}
	for _, c := range file.Columns() {
		if c.Flat {
			names = append(names, c.Name)
		}
	}
	return names, nil
}
