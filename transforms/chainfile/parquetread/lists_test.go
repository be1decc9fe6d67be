package parquetread

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

type vectorRow struct {
	ID     string    `parquet:"id"`
	Vector []float32 `parquet:"vector,list"`
}

func vectorFile(t *testing.T, rows []vectorRow, options ...parquet.WriterOption) *File {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[vectorRow](&b, options...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := Open(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func vectorRows(n, length int) (rows []vectorRow) {
	for i := range n {
		v := make([]float32, length)
		for j := range v {
			v[j] = float32(i*length + j)
		}
		rows = append(rows, vectorRow{strings.Repeat("x", i%7), v})
	}
	return rows
}

// readFloats reads a file's vectors, step floats at a time.
func readFloats(f *File, length, step int) (all []float32, err error) {
	c, _, err := f.FloatLists(0, f.Columns()[1], length)
	if err != nil {
		return nil, err
	}
	into := make([]float32, step)
	for {
		n, err := c.Floats(into)
		all = append(all, into[:n]...)
		if err != nil || n < step {
			return all, err
		}
	}
}

func TestFloatListsOfEachLengthAndPage(t *testing.T) {
	for _, length := range []int{1, 2, 7, 8, 9, 384} {
		rows := vectorRows(100, length)
		var want []float32
		for _, r := range rows {
			want = append(want, r.Vector...)
		}
		for _, options := range [][]parquet.WriterOption{
			{parquet.DataPageVersion(1)}, {parquet.DataPageVersion(2)}, {parquet.DataPageVersion(1), parquet.PageBufferSize(64)},
		} {
			f := vectorFile(t, rows, options...)
			for _, step := range []int{length, 13 * length, 1 << 16} {
				if got, err := readFloats(f, length, step); err != nil || !slices.Equal(got, want) {
					t.Errorf("lists of %d, %d at a time: %d floats, %v", length, step, len(got), err)
				}
			}
		}
	}
}

func TestListsOfAnotherLengthAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(rows []vectorRow){
		"a longer list":                    func(rows []vectorRow) { rows[30].Vector = make([]float32, 9) },
		"an empty list":                    func(rows []vectorRow) { rows[30].Vector = nil },
		"two lists, of the sum that fits":  func(rows []vectorRow) { rows[30].Vector, rows[31].Vector = make([]float32, 7), make([]float32, 9) },
		"the last one is empty":            func(rows []vectorRow) { rows[99].Vector = nil },
		"an empty and a list of twice all": func(rows []vectorRow) { rows[30].Vector, rows[31].Vector = nil, make([]float32, 16) },
	} {
		for version := 1; version <= 2; version++ {
			rows := vectorRows(100, 8)
			spoil(rows)
			if got, err := readFloats(vectorFile(t, rows, parquet.DataPageVersion(version)), 8, 800); err == nil {
				t.Errorf("%s, pages of version %d: %d floats were read", name, version, len(got))
			}
		}
	}
	f := vectorFile(t, vectorRows(10, 8))
	if _, err := readFloats(f, 4, 80); err == nil {
		t.Error("lists of 8 were read as lists of 4")
	}
	if _, _, err := f.FloatLists(0, f.Columns()[0], 8); err == nil {
		t.Error("texts were taken for lists")
	}
}

func TestSkipPassesOverRows(t *testing.T) {
	rows := vectorRows(1000, 1)
	for i := range rows {
		rows[i].ID = strings.Repeat("y", i%100)
	}
	for _, size := range []int{100, 1 << 20} {
		f := vectorFile(t, rows, parquet.PageBufferSize(size))
		for _, to := range []int64{0, 1, 55, 500, 999} {
			c, _, err := f.Chunk(0, f.Columns()[0])
			if err == nil {
				err = c.Skip(to)
			}
			got := -1
			if err == nil {
				_, err = c.Each(1, func(v parquet.Value) error { got = len(v.ByteArray()); return nil })
			}
			if err != nil || got != int(to%100) {
				t.Errorf("row %d: got %d, %v", to, got, err)
			}
		}
		c, _, _ := f.Chunk(0, f.Columns()[0])
		if err := c.Skip(1001); err == nil {
			t.Error("it passed over more rows than there are")
		}
	}
}
