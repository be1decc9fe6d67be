package chainfile

import (
	"fmt"

	"github.com/threadloom/threadloom/transforms/chainfile/guard"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Columns returns the names of the scalar columns of a chains file, the text column among
// them. It reads the footer only.
func Columns(at rooted.Path) (names []string, err error) {
	defer guard.Contain(&err, "its schema contradicts itself")
	f, err := at.Open()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the chains file: %w", err)
	}
	file, err := guard.Open(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("not a readable Parquet file: %w", err)
	}
	for _, field := range file.Schema().Fields() {
		if field.Leaf() && !field.Repeated() {
			names = append(names, field.Name())
		}
	}
	return names, nil
}
