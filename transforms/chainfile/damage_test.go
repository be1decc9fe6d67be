package chainfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// smallFile is a chains file of a few rows in two row groups.
func smallFile(t testing.TB, options ...parquet.WriterOption) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.parquet")
	options = append(options, parquet.MaxRowsPerRowGroup(4), parquet.DataPageStatistics(true))
	if err := parquet.WriteFile(path, someChains(6, "a reply"), options...); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// readAll reads a file as a run does and returns its rows. If the file is damaged, this may
// fail, but it must not panic.
func readAll(path string) (rows int64, err error) {
	in, err := Open(at(path), "text", nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	for {
		chunk, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return rows, err
		}
		rows += int64(chunk.Rows)
	}
	if rows != in.Rows {
		return rows, fmt.Errorf("%d rows, the footer says %d", rows, in.Rows)
	}
	return rows, nil
}

func TestEveryCodecOfTheLibraryIsRead(t *testing.T) {
	codecs := []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw}
	for _, codec := range codecs {
		for version := 1; version <= 2; version++ {
			path := filepath.Join(t.TempDir(), "in.parquet")
			if err := os.WriteFile(path, smallFile(t, parquet.Compression(codec), parquet.DataPageVersion(version)), 0o666); err != nil {
				t.Fatal(err)
			}
			if rows, err := readAll(path); rows != 6 || err != nil {
				t.Errorf("%s, version %d: %d rows, error %v", codec, version, rows, err)
			}
		}
	}
}

func TestAnyByteFlippedIsAnErrorOrAllRows(t *testing.T) {
	for name, codec := range map[string]compress.Codec{"none": &parquet.Uncompressed, "snappy": &parquet.Snappy, "zstd": &parquet.Zstd} {
		for version := 1; version <= 2; version++ {
			t.Run(fmt.Sprint(name, version), func(t *testing.T) {
				whole := smallFile(t, parquet.Compression(codec), parquet.DataPageVersion(version))
				path := filepath.Join(t.TempDir(), "flipped.parquet")
				if err := os.WriteFile(path, whole, 0o666); err != nil {
					t.Fatal(err)
				}
				file, err := os.OpenFile(path, os.O_RDWR, 0)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = file.Close() }()
				failed := 0
				for at := range whole {
					for _, mask := range []byte{0xff, 1, 0x80} {
						if _, err := file.WriteAt([]byte{whole[at] ^ mask}, int64(at)); err != nil {
							t.Fatal(err)
						}
						if _, err := readAll(path); err != nil {
							failed++
							if text := err.Error(); strings.Contains(text, "runtime error") || strings.Contains(text, "\n") {
								t.Fatalf("byte %d ^ %#x: %s", at, mask, text)
							}
						}
					}
					if _, err := file.WriteAt(whole[at:at+1], int64(at)); err != nil {
						t.Fatal(err)
					}
				}
				if failed == 0 {
					t.Fatal("no flipped byte was noticed")
				}
			})
		}
	}
}

func FuzzOpen(f *testing.F) {
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Zstd, &parquet.Lz4Raw} {
		f.Add(smallFile(f, parquet.Compression(codec)))
		f.Add(smallFile(f, parquet.Compression(codec), parquet.DataPageVersion(1)))
	}
	f.Add([]byte("PAR1\x15\x02\x19\xfc\xff\xff\xff\xff\x07\x00\x0b\x00\x00\x00PAR1")) // 2 billion elements
	folder := f.TempDir()                                                             // one for all, because a process keeps its roots open
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(folder, "a.parquet")
		if err := os.WriteFile(path, b, 0o666); err != nil {
			t.Fatal(err)
		}
		_, _ = readAll(path)
	})
}
