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

// next appends up to n values to dst, fewer only at the end of the chunk. The
// values are copies that outlive the page.
func (c *cursor) next(dst []parquet.Value, n int) ([]parquet.Value, error) {
	var buffer [stepRows]parquet.Value
	for n > 0 && !c.done {
		if c.page == nil {
			page, err := c.pages.ReadPage()
			if errors.Is(err, io.EOF) {
				c.done = true
				break
			}
			if err != nil {
				return dst, err
			}
			c.page, c.values = page, page.Values()
		}
		k, err := c.values.ReadValues(buffer[:min(n, len(buffer))])
		for _, v := range buffer[:k] {
			dst = append(dst, v.Clone())
		}
		n -= k
		switch {
		case errors.Is(err, io.EOF):
			c.release()
		case err != nil:
			return dst, err
		case k == 0:
			return dst, io.ErrNoProgress
		}
	}
	return dst, nil
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
