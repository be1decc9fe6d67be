package audit

import (
	"errors"
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/parquet"
)

// The columns that an output has after the kept ones.
const (
	tokensColumn    = "n_tokens"
	truncatedColumn = "truncated"
	chunksColumn    = "n_chunks" // only if long texts are chunked
	embeddingColumn = "embedding"
)

func isOwn(name string) bool {
	return slices.Contains([]string{tokensColumn, truncatedColumn, chunksColumn, embeddingColumn}, name)
}

// own says where these columns are in the output.
type own struct {
	tokens, truncated int
	chunks            int // -1: none
	embedding         int
}

func (c *comparison) findOwn() (err error) {
	if c.own.tokens, err = c.scalar(tokensColumn, parquet.Types.Int32); err != nil {
		return err
	}
	if c.own.truncated, err = c.scalar(truncatedColumn, parquet.Types.Boolean); err != nil {
		return err
	}
	c.own.chunks = -1
	if len(c.out.named(chunksColumn)) > 0 {
		if c.own.chunks, err = c.scalar(chunksColumn, parquet.Types.Int32); err != nil {
			return err
		}
	}
	f, err := c.only(embeddingColumn)
	if err != nil {
		return err
	}
	descr := c.out.parquet.MetaData().Schema.Column(f.leaves[0])
	if descr.PhysicalType() != parquet.Types.Float || descr.MaxRepetitionLevel() != 1 {
		return errors.New("a vector holds something that is not a float32")
	}
	c.own.embedding = f.leaves[0]
	return nil
}

// only returns the column of a name. There must be exactly one, with one leaf.
func (c *comparison) only(name string) (field, error) {
	found := c.out.named(name)
	if len(found) == 0 {
		return field{}, fmt.Errorf("it has no column %q", name)
	}
	if len(found) > 1 || len(found[0].leaves) != 1 {
		return field{}, fmt.Errorf("the column %q does not belong in an output", name)
	}
	return found[0], nil
}

func (c *comparison) scalar(name string, physical parquet.Type) (int, error) {
	f, err := c.only(name)
	if err != nil {
		return 0, err
	}
	if f.scalar == nil || f.scalar.PhysicalType() != physical {
		return 0, fmt.Errorf("the column %q is not %s", name, physical)
	}
	return f.leaves[0], nil
}

// ownColumns reads the output's own scalar columns.
func (c *comparison) ownColumns() error {
	err := c.each(c.own.tokens, func(x cell) { c.sample.Tokens = int32(x.bits) })
	if err == nil {
		err = c.each(c.own.truncated, func(x cell) { c.sample.Truncated = x.bits == 1 })
	}
	if err == nil && c.own.chunks >= 0 {
		err = c.each(c.own.chunks, func(cell) {})
	}
	return err
}

// each reads a column without nulls, and calls take with the value of the sample.
func (c *comparison) each(leaf int, take func(cell)) error {
	column := c.out.column(leaf)
	defer column.abandon()
	return column.each(func(row int64, x cell) error {
		if x.null {
			return fmt.Errorf("row %d: the column %q is null", row, column.descr.Name())
		}
		if row == c.sample.Index {
			take(x)
		}
		return nil
	})
}
