package audit

import (
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
)

// FuzzAudit audits any bytes as an output and as an input. A fault in arrow-go may cause an
// error, but never a panic.
func FuzzAudit(f *testing.F) {
	few := rows(40)
	right := withBody(f, few)
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Zstd, &parquet.Lz4Raw} {
		for version := 1; version <= 2; version++ {
			f.Add(withBody(f, few, parquet.Compression(codec), parquet.DataPageVersion(version)))
		}
	}
	f.Add([]byte("PAR1\x15\x02\x19\xfc\xff\xff\xff\xff\x07\x00\x0b\x00\x00\x00PAR1")) // 2 billion elements
	folder := f.TempDir()                                                             // one for all, because a process keeps its roots open
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, files := range [][2][]byte{{b, b}, {b, right}, {right, b}} {
			_, _ = reportIn(t, folder, files[0], files[1], "")
		}
	})
}
