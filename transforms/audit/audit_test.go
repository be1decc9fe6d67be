package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/memory"
	arrow "github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// made is a row of a file that is both an output and, because it has a text, its own input.
type made struct {
	ID        string    `parquet:"chain_id,dict"`
	Turns     *int64    `parquet:"n_turns"`
	Score     int64     `parquet:"score,delta"`
	Text      string    `parquet:"text,delta"`
	Key       [16]byte  `parquet:"key,delta"`
	Done      bool      `parquet:"done"`
	Tokens    int32     `parquet:"n_tokens"`
	Truncated bool      `parquet:"truncated"`
	Vector    []float32 `parquet:"embedding,list"`
}

func rows(n int) []made {
	out := make([]made, n)
	for i := range out {
		turns, text := int64(i*i), fmt.Sprintf("%s %d", strings.Repeat("text ", i%9), i)
		out[i] = made{ID: fmt.Sprint("chain ", i%3), Score: turns, Text: text, Key: [16]byte{byte(i / 2), 15: byte(i)}, Done: i%3 == 0, Tokens: int32(i), Vector: []float32{0.6, 0.8, 0}}
		if i%4 > 0 {
			out[i].Turns = &turns
		}
	}
	return out
}

// fileOf returns rows as a file that parquet-go writes.
func fileOf(t testing.TB, rows []made, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[made](&b, append(options, parquet.MaxRowsPerRowGroup(500))...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// report audits a file as the output of another one.
func report(t testing.TB, out, in []byte) (Report, error) {
	t.Helper()
	return reportIn(t, t.TempDir(), out, in, "")
}

func reportIn(t testing.TB, folder string, out, in []byte, texts string) (r Report, err error) {
	t.Helper()
	a := New()
	defer func() {
		if closed := a.Close(); closed != nil {
			t.Error(closed)
		}
	}()
	var files []*File
	for name, content := range map[string][]byte{"out": out, "in": in} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"out", "in"} {
		f, err := a.Open(rooted.Path{Root: folder, Path: filepath.Join(folder, name)})
		if err != nil {
			return r, err
		}
		files = append(files, f)
	}
	return Compare(files[0], files[1], Options{
		TextColumn: "body", Keep: []string{"n_turns"}, Dimension: 3, Unit: true, Tolerance: 1e-4, Sample: 0.5, Pass: func(int64) {}, TextsSHA: texts,
	}), nil
}

// withBody returns a file whose text column is named body, so that text is a kept column.
func withBody(t testing.TB, rows []made, options ...parquet.WriterOption) []byte {
	t.Helper()
	type input struct {
		made
		Body string `parquet:"body"`
	}
	var b bytes.Buffer
	w := parquet.NewGenericWriter[input](&b, append(options, parquet.MaxRowsPerRowGroup(300))...)
	for i, row := range rows {
		if _, err := w.Write([]input{{row, fmt.Sprint("body ", i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestFilesOfTheOtherLibraryAreReadRight(t *testing.T) {
	all := rows(1200)
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Zstd, &parquet.Brotli, &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			options := []parquet.WriterOption{parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(2000)}
			r, err := report(t, fileOf(t, all, options...), withBody(t, all, options...))
			if err != nil || r.Wrong != "" || r.NotAudited != "" || r.Rows != 1200 {
				t.Errorf("%s, version %d: %+v, %v", codec, version, r, err)
				continue
			}
			if s := r.Sample; s.Index != 600 || s.Text != "body 600" || s.Tokens != 600 || s.Truncated || len(s.Vector) != 3 {
				t.Errorf("%s, version %d: the sample is %+v", codec, version, s)
			}
		}
	}
}

func TestWrongRowsAreFound(t *testing.T) {
	in := withBody(t, rows(700))
	for want, change := range map[string]func(r []made) []made{
		"it has 699 rows, its input has 700":             func(r []made) []made { return r[1:] },
		`row 650: the column "chain_id" is not the inp`:  func(r []made) []made { r[650].ID = "x"; return r },
		`row 1: the column "n_turns" is not the input's`: func(r []made) []made { r[1].Turns = nil; return r },
		`row 0: the column "key" is not the input's`:     func(r []made) []made { r[0].Key[3] = 1; return r },
		`row 698: the column "done" is not the input's`:  func(r []made) []made { r[698].Done = true; return r },
		"row 5: the vector does not have 3 floats":       func(r []made) []made { r[5].Vector = r[5].Vector[:2]; return r },
		"row 6: the vector does not have 3 floats":       func(r []made) []made { r[6].Vector = make([]float32, 4); return r },
		"row 7: the vector does not have 3 floats":       func(r []made) []made { r[7].Vector = nil; return r },
		"row 8: the vector's length is 2, not 1":         func(r []made) []made { r[8].Vector = []float32{2, 0, 0}; return r },
	} {
		r, err := report(t, fileOf(t, change(rows(700))), in)
		if err != nil || !strings.HasPrefix(r.Wrong, want) || r.Sample != nil {
			t.Errorf("%s: %+v, %v", want, r, err)
		}
	}
}

func TestTheHashOfTextsIsOfTheirFirstMegabyteAndLength(t *testing.T) {
	type input struct {
		Body *string `parquet:"body,optional"`
		made
	}
	long := strings.Repeat("x", textBytes+1)
	texts := []string{"hello", "", long, ""}
	sum := sha256.New()
	var in bytes.Buffer
	w := parquet.NewGenericWriter[input](&in)
	for i, row := range rows(len(texts)) {
		body := &texts[i]
		if i == 3 {
			body = nil // counts as an empty one
		}
		if _, err := w.Write([]input{{body, row}}); err != nil {
			t.Fatal(err)
		}
		part := texts[i][:min(len(texts[i]), 1<<20+4)]
		sum.Write([]byte{byte(len(part)), byte(len(part) >> 8), byte(len(part) >> 16), 0})
		sum.Write([]byte(part))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	out := fileOf(t, rows(len(texts)))
	for _, c := range []struct{ hash, wrong string }{
		{hex.EncodeToString(sum.Sum(nil)), ""},
		{strings.Repeat("0", 64), "the texts that were embedded are not those of the input"},
	} {
		if r, err := reportIn(t, t.TempDir(), out, in.Bytes(), c.hash); err != nil || r.Wrong != c.wrong {
			t.Errorf("%s: %+v, %v", c.hash, r, err)
		}
	}
}

func TestADictionaryOfAFixedLengthIsReadAsOneOfTexts(t *testing.T) {
	page := file.NewDictionaryPage(memory.NewBufferBytes([]byte("abcdefg")), 2, arrow.Encodings.Plain)
	got := mendFixed.page(page, 3) // a byte is left over
	if want := "\x03\x00\x00\x00abc\x03\x00\x00\x00def"; string(got.Data()) != want || got.NumValues() != 2 {
		t.Errorf("%d values %q", got.NumValues(), got.Data())
	}
}

func TestOldLz4IsReadInEitherLayout(t *testing.T) {
	plain := []byte(strings.Repeat("reply after reply ", 40))
	block, err := parquet.Lz4Raw.Encode(nil, plain)
	if err != nil {
		t.Fatal(err)
	}
	hadoop := append([]byte{0, 0, byte(len(plain) >> 8), byte(len(plain)), 0, 0, byte(len(block) >> 8), byte(len(block))}, block...)
	for name, src := range map[string][]byte{"a bare block": block, "Hadoop's": hadoop} {
		dst := make([]byte, len(plain))
		if err := expandOldLz4(dst, src); err != nil || !bytes.Equal(dst, plain) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, src := range map[string][]byte{"cut off": hadoop[:len(hadoop)-3], "a length of 2 GB": append([]byte{127}, hadoop[1:]...), "one byte": {1}} {
		if err := expandOldLz4(make([]byte, len(plain)), src); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestAPageExpandsToWhatItSaysAndNoFurther(t *testing.T) {
	bomb := make([]byte, 64<<20)
	for name, codec := range map[string]compress.Codec{"snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd, "brotli": &parquet.Brotli, "lz4": &parquet.Lz4Raw} {
		src, err := codec.Encode(nil, bomb)
		if err != nil {
			t.Fatal(err)
		}
		expand := map[string]func(dst, src []byte) error{"snappy": expandSnappy, "gzip": expandGzip, "zstd": expandZstd, "brotli": expandBrotli, "lz4": expandLz4}[name]
		for _, size := range []int{0, 1000} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := expand(make([]byte, size), src)
			runtime.ReadMemStats(&after)
			if took := after.TotalAlloc - before.TotalAlloc; err == nil || took > 40<<20 {
				t.Errorf("%s into %d bytes: %v, %d bytes allocated", name, size, err, took)
			}
		}
	}
}

func TestLiesOfPackedNumbersAreRefused(t *testing.T) {
	good := []byte{0x80, 1, 4, 3, 2, 0, 0, 0, 0, 0, 7} // blocks of 128 in 4 parts, 3 numbers, widths 0
	if rest, err := skipDelta(good, 3); err != nil || !bytes.Equal(rest, []byte{7}) {
		t.Errorf("%v, %v left", err, rest)
	}
	for name, b := range map[string][]byte{
		"a block of 4 billion":   {0xff, 0xff, 0xff, 0xff, 15, 1, 3, 2, 0, 0, 0, 0, 0},
		"more than the page has": {0x80, 1, 4, 4, 2, 0, 0, 0, 0, 0},
		"no parts":               {0x80, 1, 0, 3, 2, 0},
		"widths cut off":         {0x80, 1, 4, 3, 2, 0, 0},
		"numbers cut off":        {0x80, 1, 4, 3, 2, 0, 32, 0, 0, 0, 1, 2},
		"nothing":                {},
	} {
		if _, err := skipDelta(b, 3); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestAnAuditThatTakesMuchMemoryIsAloneAndHasALimit(t *testing.T) {
	b := newBudget()
	small := b.Allocate(smallBytes / 2)
	if b.held {
		t.Error("little memory is held alone")
	}
	big := b.Allocate(smallBytes)
	if !b.held || large.TryLock() {
		t.Error("much memory is not held alone")
	}
	b.Free(big)
	b.Free(small)
	b.release()
	if !large.TryLock() {
		t.Fatal("it was not given back")
	}
	large.Unlock()
	err := contained(func() error { b.take(mostBytes + 1); return nil })
	if err == nil || !strings.Contains(err.Error(), "too much memory") {
		t.Errorf("too much: %v", err)
	}
}
