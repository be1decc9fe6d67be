package importer

import (
	"bytes"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
)

// The bounds in the column index must hold for the values, because readers skip pages by them.
func TestBoundsHold(t *testing.T) {
	long, short := strings.Repeat("long ", 1000), "a title"
	rows := []row{
		{ChainID: "a", Text: long, Title: &long},
		{ChainID: "b", Text: "\U0010FFFF is the last code point", Title: &short},
		{ChainID: "c", Text: ""},
	}
	var b bytes.Buffer
	w := newRowWriter(&b, false, withoutBounds(false))
	for _, group := range [][]row{rows, rows[2:]} {
		if _, err := w.Write(group); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := file.NewParquetReader(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string][][]string{
		"chain_id": {{"a", "b", "c"}, {"c"}},
		"text":     {{rows[0].Text, rows[1].Text, ""}, {""}},
		"title":    {{long, short}, nil},
	}
	for group := range f.NumRowGroups() {
		indexes, err := f.GetPageIndexReader().RowGroup(group)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range values {
			index, err := indexes.GetColumnIndex(f.MetaData().Schema.ColumnIndexByName(name))
			if err != nil {
				t.Fatal(err)
			}
			least, greatest, nulls := index.GetMinValues(), index.GetMaxValues(), index.GetNullPages()
			if len(least) != 1 || len(greatest) != 1 || len(nulls) != 1 || nulls[0] != (want[group] == nil) {
				t.Fatalf("%s of row group %d: bounds %q to %q, null pages %v, want one page", name, group, least, greatest, nulls)
			}
			for _, value := range want[group] {
				if value < string(least[0]) || value > string(greatest[0]) || len(greatest[0]) > 100 {
					t.Errorf("%s of row group %d: %.30q is not within %q and %.30q", name, group, value, least[0], greatest[0])
				}
			}
		}
	}
}
