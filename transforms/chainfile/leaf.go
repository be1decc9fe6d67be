package chainfile

import "github.com/parquet-go/parquet-go"

// leafReader reads the values of one leaf column across row groups.
type leafReader struct {
	groups  []parquet.RowGroup
	index   int
	current *cursor
}

// next appends up to n values to dst, fewer only at the end of the file.
func (c *leafReader) next(dst []parquet.Value, n int) ([]parquet.Value, error) {
	for want := len(dst) + n; len(dst) < want; {
		if c.current == nil {
			if len(c.groups) == 0 {
				return dst, nil
			}
			c.current = &cursor{pages: c.groups[0].ColumnChunks()[c.index].Pages()}
			c.groups = c.groups[1:]
		}
		err := c.current.each(want-len(dst), func(v parquet.Value) error {
			dst = append(dst, v.Clone()) // it outlives its page
			return nil
		})
		if err != nil {
			return dst, err
		}
		if c.current.done {
			if err := c.close(); err != nil {
				return dst, err
			}
		}
	}
	return dst, nil
}

func (c *leafReader) close() error {
	if c.current == nil {
		return nil
	}
	err := c.current.close()
	c.current = nil
	return err
}
