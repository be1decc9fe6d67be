package chainfile

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func TestCheckVectorsFindsTheRow(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		vectors []float32
		unit    bool
		want    string // "" is right
	}{
		"right":          {[]float32{1, 0, 0.6, 0.8}, true, ""},
		"no unit asked":  {[]float32{1, 0, 3, 4}, false, ""},
		"too long":       {[]float32{1, 0, 3, 4}, true, "row 101: the vector's length is 5"},
		"zero":           {[]float32{0, 0}, true, "row 100"},
		"rounded":        {[]float32{1.00001, 0}, true, ""},
		"not a number":   {[]float32{1, 0, nan, 0}, false, "row 101: the vector holds"},
		"infinite":       {[]float32{inf, 0}, false, "row 100: the vector holds"},
		"no rows at all": {nil, true, ""},
	} {
		got := CheckVectors(c.vectors, 2, c.unit, 1e-4, 100)
		if !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestSameValues(t *testing.T) {
	nan, bytes := parquet.DoubleValue(math.NaN()), parquet.ByteArrayValue([]byte("a"))
	for _, c := range []struct {
		a, b parquet.Value
		want bool
	}{
		{nan, nan, true},
		{parquet.NullValue(), parquet.NullValue(), true},
		{parquet.NullValue(), parquet.Int64Value(0), false},
		{parquet.Int64Value(0), parquet.NullValue(), false},
		{parquet.Int64Value(7), parquet.Int64Value(7), true},
		{parquet.Int64Value(7), parquet.Int32Value(7), false},
		{parquet.FloatValue(0), parquet.FloatValue(float32(math.Copysign(0, -1))), false},
		{bytes, parquet.ByteArrayValue([]byte("a")), true},
		{bytes, parquet.ByteArrayValue([]byte("b")), false},
	} {
		if got := same(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}

func TestAnOutputIsReadBackAcrossRowGroups(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	rows := make([]chain, 600)
	for i := range rows {
		text, n := "text", int64(i)
		rows[i] = chain{ID: strings.Repeat("x", i%7), Turns: &n, Text: &text}
	}
	writeChains(t, input, rows, 250)
	copyFile(t, input, output)
	out, err := OpenOutput(at(output))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	out.Fingerprint.Dimension = dimension
	if err := out.FindColumns(); err != nil {
		t.Fatal(err)
	}
	for first := 0; first < len(rows); first += 100 {
		c, err := out.Next(100)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.Rows {
			if got := c.Kept[1][i].Int64(); got != int64(first+i) {
				t.Fatalf("row %d has n_turns %d", first+i, got)
			}
			if r := c.Row(i); len(r.Vector) != dimension {
				t.Fatalf("row %d has %d floats", first+i, len(r.Vector))
			}
		}
	}
	if err := out.End(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Next(1); err == nil {
		t.Fatal("a row after the last")
	}
	other, err := OpenOutput(at(output))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close() }()
	other.Fingerprint.Dimension = dimension + 1
	if err := other.FindColumns(); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Next(10); err == nil || !strings.Contains(err.Error(), "has not 5 floats") {
		t.Errorf("another dimension: %v", err)
	}
}
