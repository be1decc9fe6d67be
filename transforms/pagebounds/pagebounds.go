// Package pagebounds writes the column index of columns that have no useful bounds. Parquet-go's own
// SkipPageBounds writes empty or zero bounds, and readers that believe them, such as DataFusion and
// Spark, leave out pages that have what they look for, or refuse the file.
package pagebounds

import (
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// Type is a column's type that gives each page with a value the same bounds.
type Type struct {
	parquet.Type
	Least, Greatest []byte // as the format writes values of this type
}

// NewColumnIndexer returns an indexer that does not look at the values.
func (t Type) NewColumnIndexer(int) parquet.ColumnIndexer {
	return &indexer{least: t.Least, greatest: t.Greatest}
}

type indexer struct {
	least, greatest []byte
	index           format.ColumnIndex
}

func (i *indexer) Reset() { i.index = format.ColumnIndex{} }

func (i *indexer) IndexPage(values, nulls int64, _, _ parquet.Value) {
	least, greatest := i.least, i.greatest
	if values == nulls {
		least, greatest = nil, nil
	}
	i.index.NullPages = append(i.index.NullPages, values == nulls)
	i.index.NullCounts = append(i.index.NullCounts, nulls)
	i.index.MinValues = append(i.index.MinValues, least)
	i.index.MaxValues = append(i.index.MaxValues, greatest)
}

func (i *indexer) ColumnIndex() format.ColumnIndex { return i.index }
