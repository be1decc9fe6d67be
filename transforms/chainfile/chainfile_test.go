package chainfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/rooted"
)

type chain struct {
	ID    string   `parquet:"chain_id"`
	Turns *int64   `parquet:"n_turns,optional"`
	Tags  []string `parquet:"tags,list"` // not scalar: never kept
	Text  *string  `parquet:"text,optional"`
}

type embedded struct {
	ID        string    `parquet:"chain_id"`
	Turns     *int64    `parquet:"n_turns,optional"`
	Tokens    int32     `parquet:"n_tokens"`
	Truncated bool      `parquet:"truncated"`
	Embedding []float32 `parquet:"embedding,list"`
}

const dimension = 4

// at is a path in a folder that it must not leave.
func at(path string) rooted.Path { return rooted.Path{Root: filepath.Dir(path), Path: path} }

// writeChains writes rows in row groups of groupRows.
func writeChains(t testing.TB, path string, rows []chain, groupRows int64) {
	t.Helper()
	if err := parquet.WriteFile(path, rows, parquet.MaxRowsPerRowGroup(groupRows)); err != nil {
		t.Fatal(err)
	}
}

// copyFile embeds a chains file with vectors that show the row: that of row i is i, i+1, ….
func copyFile(t testing.TB, input, output string, keep ...string) (texts []string) {
	t.Helper()
	in, err := Open(at(input), "text", keep)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Start(at(output))
	if err != nil {
		t.Fatal(err)
	}
	out.Begin(in, false)
	return copyRows(t, in, out)
}

// copyRows embeds the rows of in as copyFile does, and ends both.
func copyRows(t testing.TB, in *Reader, out *Writer) (texts []string) {
	t.Helper()
	for {
		chunk, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e := Embeddings{}
		for i := range chunk.Texts {
			for k := range dimension {
				e.Vectors = append(e.Vectors, float32(len(texts)+i+k))
			}
			e.Tokens = append(e.Tokens, int32(len(chunk.Texts[i])))
			e.Truncated = append(e.Truncated, i%2 == 1)
		}
		texts = append(texts, chunk.Texts...)
		if err := out.Write(chunk, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Commit(Fingerprint{Model: "tiny", InputRows: in.Rows}); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	return texts
}

func someChains(n int, text string) []chain {
	rows := make([]chain, n)
	for i := range rows {
		turns := int64(i)
		rows[i] = chain{ID: strings.Repeat("x", i%5), Turns: &turns, Text: &text, Tags: []string{"a", "b"}}
		if i%3 == 1 {
			rows[i].Turns, rows[i].Text = nil, nil
		}
	}
	return rows
}

func checkCopied(t testing.TB, rows []chain, texts []string, output string) {
	t.Helper()
	got, err := parquet.ReadFile[embedded](output)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(rows) || len(texts) != len(rows) {
		t.Fatalf("%d rows and %d texts, want %d", len(got), len(texts), len(rows))
	}
	for i, row := range got {
		want := ""
		if rows[i].Text != nil {
			want = *rows[i].Text
		}
		if texts[i] != want || int(row.Tokens) != len(want) {
			t.Fatalf("row %d: text %.20q, want %.20q", i, texts[i], want)
		}
		if row.ID != rows[i].ID || (row.Turns == nil) != (rows[i].Turns == nil) || row.Turns != nil && *row.Turns != *rows[i].Turns {
			t.Fatalf("row %d: kept columns differ: %+v", i, row)
		}
		if len(row.Embedding) != dimension || row.Embedding[0] != float32(i) || row.Embedding[dimension-1] != float32(i+dimension-1) {
			t.Fatalf("row %d: embedding %v", i, row.Embedding)
		}
	}
}

func TestRowsComeOutInTheirOrder(t *testing.T) {
	for name, c := range map[string]struct {
		rows      int
		groupRows int64
		text      string
	}{
		"no rows":              {0, 10, "a"},
		"one row":              {1, 10, "a"},
		"a chunk's rows":       {chunkRows, 10_000, "a"},
		"a row more":           {chunkRows + 1, 10_000, "a"},
		"many row groups":      {1000, 7, "a reply"},
		"texts fill the chunk": {100, 10_000, strings.Repeat("long ", chunkBytes/100)},
		"many output groups":   {rowGroupRows + 1, 10_000, ""},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			rows := someChains(c.rows, c.text)
			input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "new", "out.parquet")
			writeChains(t, input, rows, c.groupRows)
			checkCopied(t, rows, copyFile(t, input, output), output)
		})
	}
}

func FuzzRoundTrip(f *testing.F) {
	f.Add("a text", "an id", 5, uint8(2))
	f.Add("", "", 0, uint8(0))
	f.Add("\x00\xff", "\xf0\x9f", 700, uint8(200))
	f.Fuzz(func(t *testing.T, text, id string, n int, groupRows uint8) {
		rows := someChains(max(0, min(n, 2000)), text)
		for i := range rows {
			rows[i].ID += id
		}
		folder := t.TempDir()
		input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
		writeChains(t, input, rows, int64(groupRows)+1)
		checkCopied(t, rows, copyFile(t, input, output), output)
	})
}

func TestKeepChoosesColumns(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	writeChains(t, input, someChains(3, "a"), 10)
	copyFile(t, input, output, "n_turns")
	names := columnNames(t, output)
	if got := strings.Join(names, " "); got != "n_turns n_tokens truncated embedding" {
		t.Fatalf("columns: %s", got)
	}
}

func TestAnInputsEmbeddingsAreReplaced(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	type row struct {
		Tokens int64  `parquet:"n_tokens"`
		Text   string `parquet:"text"`
		Zone   string `parquet:"zone"`
	}
	if err := parquet.WriteFile(input, []row{{7, "abc", "z"}}); err != nil {
		t.Fatal(err)
	}
	copyFile(t, input, output)
	if got := strings.Join(columnNames(t, output), " "); got != "zone n_tokens truncated embedding" {
		t.Fatalf("columns: %s", got)
	}
	got, err := parquet.ReadFile[embedded](output)
	if err != nil || got[0].Tokens != 3 {
		t.Fatalf("got %+v, error %v", got, err)
	}
}

func columnNames(t *testing.T, path string) (names []string) {
	t.Helper()
	f := openParquet(t, path)
	for _, field := range f.Schema().Fields() {
		names = append(names, field.Name())
	}
	return names
}

func openParquet(t *testing.T, path string) *parquet.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	pf, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return pf
}

func TestTheFooterHoldsTheFingerprint(t *testing.T) {
	folder := t.TempDir()
	input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
	writeChains(t, input, someChains(3, "a"), 10)
	copyFile(t, input, output)
	value, ok := openParquet(t, output).Lookup(FingerprintKey)
	var got Fingerprint
	if err := json.Unmarshal([]byte(value), &got); !ok || err != nil || got.Model != "tiny" || got.InputRows != 3 {
		t.Fatalf("got %q, error %v", value, err)
	}
}

func TestNothingIsVisibleBeforeCommit(t *testing.T) {
	folder := t.TempDir()
	input := filepath.Join(folder, "in.parquet")
	outputs := filepath.Join(folder, "out")
	writeChains(t, input, someChains(3, "a"), 10)
	in, err := Open(at(input), "text", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = in.Close() }()
	out, err := Start(at(filepath.Join(outputs, "a.parquet")))
	if err != nil {
		t.Fatal(err)
	}
	out.Begin(in, false)
	if visible, _ := filepath.Glob(filepath.Join(outputs, "*.parquet")); len(visible) > 0 {
		t.Fatalf("visible before Commit: %v", visible)
	}
	unfinished, err := os.ReadDir(outputs)
	if err != nil || len(unfinished) != 1 || !IsUnfinished([]byte(unfinished[0].Name())) {
		t.Fatalf("the folder holds %v, error %v, want one unfinished file", unfinished, err)
	}
	if swept := Sweep(rooted.Path{Root: folder, Path: outputs}, []string{unfinished[0].Name()}); len(swept) != 0 {
		t.Fatalf("swept files in use: %v", swept)
	}
	if err := out.Abort(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(outputs); err != nil || len(entries) > 0 {
		t.Fatalf("left after Abort: %v, error %v", entries, err)
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	folder := t.TempDir()
	good := filepath.Join(folder, "good.parquet")
	writeChains(t, good, someChains(3, "a"), 10)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"zero": "", "text": "hello", "cut": string(whole[:len(whole)-1])} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ file, column, want string }{
		{"zero", "text", "empty (0 bytes)"},
		{"text", "text", "not a readable Parquet file"},
		{"cut", "text", "not a readable Parquet file"},
		{"missing", "text", "no such file"},
		{"good.parquet", "body", `no text column "body"; the file has chain_id, n_turns, tags, text`},
		{"good.parquet", "n_turns", `column "n_turns" is not a string column`},
		{"good.parquet", "tags", `column "tags" is not a string column`},
	} {
		in, err := Open(at(filepath.Join(folder, c.file)), c.column, nil)
		if err == nil {
			t.Errorf("%s was opened: %v", c.file, in.Close())
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %q, want one with %q", c.file, err, c.want)
		}
	}
}

func TestARowGroupEndsWithItsRowsOrItsBytes(t *testing.T) {
	for _, c := range []struct {
		name      string
		mostBytes int
		want      []int64 // rows of each row group
	}{
		{"rows", 1 << 20, []int64{rowGroupRows, rowGroupRows, 16}},
		// When a row group ends because of its rows, its bytes must not count in the next one.
		{"both", 10*rowGroupRows + 100, []int64{rowGroupRows, rowGroupRows, 16}},
		{"bytes", 5000, slices.Repeat([]int64{500}, 32)},
	} {
		folder := t.TempDir()
		input, output := filepath.Join(folder, "in.parquet"), filepath.Join(folder, "out.parquet")
		rows := make([]chain, 2*rowGroupRows+16)
		if c.name == "bytes" {
			rows = rows[:16000]
		}
		for i := range rows {
			rows[i].ID = "ten bytes."
		}
		writeChains(t, input, rows, 1<<20)
		in, err := Open(at(input), "text", nil)
		if err != nil {
			t.Fatal(err)
		}
		out, err := Start(at(output))
		if err != nil {
			t.Fatal(err)
		}
		out.mostBytes = c.mostBytes
		out.Begin(in, false)
		copyRows(t, in, out)
		b, err := os.ReadFile(output)
		if err != nil {
			t.Fatal(err)
		}
		pf, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, g := range pf.RowGroups() {
			got = append(got, g.NumRows())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: row groups of %v rows, want %v", c.name, got, c.want)
		}
	}
}
