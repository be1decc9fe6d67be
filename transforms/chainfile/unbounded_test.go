package chainfile

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"testing"

	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/parquet-go/parquet-go"
)

// The bounds in the column index must be there and hold, because readers skip pages by them, and some
// refuse a file without them.
func TestBoundsHold(t *testing.T) {
	type row struct {
		Text string   `parquet:"text"`
		UUID [16]byte `parquet:"uuid,uuid"`
		Five [5]byte  `parquet:"five"`
		Sum  [9]byte  `parquet:"sum,decimal(2:19)"`
		None [16]byte `parquet:"none,optional,uuid"` // null if it is zero
	}
	lowest, highest := bytes.Repeat([]byte{0}, 16), bytes.Repeat([]byte{0xff}, 16)
	rows := make([]row, 2)
	copy(rows[0].UUID[:], lowest)
	copy(rows[1].UUID[:], highest)
	copy(rows[0].Five[:], lowest)
	copy(rows[1].Five[:], highest)
	copy(rows[0].Sum[:], highest) // -0.01
	rows[1].Sum[8] = 1            // 0.01
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	if err := parquet.WriteFile(input, rows); err != nil {
		t.Fatal(err)
	}
	copyFile(t, input, output)
	f, err := file.OpenParquetFile(output, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	indexes, err := f.GetPageIndexReader().RowGroup(0)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := bytes.Compare
	signed := func(a, b []byte) int { // the sign is the highest bit
		return bytes.Compare(append([]byte{a[0] ^ 0x80}, a[1:]...), append([]byte{b[0] ^ 0x80}, b[1:]...))
	}
	float := func(a, b []byte) int {
		x, y := math.Float32frombits(binary.LittleEndian.Uint32(a)), math.Float32frombits(binary.LittleEndian.Uint32(b))
		return int(math.Copysign(1, float64(x)-float64(y)))
	}
	for name, c := range map[string]struct {
		compare func(a, b []byte) int
		values  [][]byte
	}{
		"uuid":                   {unsigned, [][]byte{lowest, highest}},
		"five":                   {unsigned, [][]byte{lowest[:5], highest[:5]}},
		"sum":                    {signed, [][]byte{rows[0].Sum[:], rows[1].Sum[:]}},
		"none":                   {unsigned, nil},
		"embedding.list.element": {float, [][]byte{{0, 0, 0x80, 0x3f}}}, // 1
	} {
		index, err := indexes.GetColumnIndex(f.MetaData().Schema.ColumnIndexByName(name))
		if err != nil {
			t.Fatal(err)
		}
		least, greatest, nulls := index.GetMinValues(), index.GetMaxValues(), index.GetNullPages()
		if len(least) != 1 || len(greatest) != 1 || len(nulls) != 1 || nulls[0] != (c.values == nil) {
			t.Errorf("%s: bounds %x to %x, null pages %v, want one page", name, least, greatest, nulls)
			continue
		}
		for _, value := range c.values {
			if c.compare(value, least[0]) < 0 || c.compare(value, greatest[0]) > 0 {
				t.Errorf("%s: %x is not within %x and %x", name, value, least[0], greatest[0])
			}
		}
	}
}
