package chainfile

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// cursor reads the values of one flat column chunk across its pages.
type cursor struct {
	pages  parquet.Pages
	page   parquet.Page
	values parquet.ValueReader
	done   bool
}

// each calls visit for the next n values, fewer only at the end of the chunk. A value
// is only there during the call.
func (c *cursor) each(n int, visit func(parquet.Value) error) error {
	var buffer [stepRows]parquet.Value
	for n > 0 && !c.done {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				c.done = true
				break
			}
			if err != nil {
				return err
			}
			c.page, c.values = page, page.Values()
		}
		k, err := c.values.ReadValues(buffer[:min(n, len(buffer))])
		for _, v := range buffer[:k] {
			if err := visit(v); err != nil {
				return err
			}
		}
		n -= k
		switch {
		case errors.Is(err, io.EOF):
			c.release()
		case err != nil:
			return err
		case k == 0:
			return io.ErrNoProgress
		}
	}
	return nil
}

func (c *cursor) release() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page, c.values = nil, nil
	}
}

func (c *cursor) close() error {
	c.release()
	return c.pages.Close()
}
