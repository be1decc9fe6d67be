package dump_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/threadloom/threadloom/transforms/dump"
	"github.com/ulikunitz/xz"
)

const twoLines = "{\"a\":1}\n{\"b\":2}\n"

// bzip2Lines is twoLines, compressed by bzip2. It is a constant because Go cannot write bzip2.
const bzip2Lines = "QlpoOTFBWSZTWQ/l9WEAAAZZgAAQEAAwEDAAAAogADEGTECUmh6eokxEgQXRdyRThQkA/l9WEA=="

func compress(t *testing.T, format dump.Format, lines string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch format {
	case dump.Plain:
		return []byte(lines)
	case dump.Zstd:
		w, err = zstd.NewWriter(&b, zstd.WithWindowSize(1<<20))
	case dump.Gzip:
		w = gzip.NewWriter(&b)
	case dump.XZ:
		w, err = xz.WriterConfig{DictCap: 1 << 20}.NewWriter(&b)
	case dump.Bzip2:
		if lines != twoLines {
			t.Skip("Go writes no bzip2")
		}
		raw, err := base64.StdEncoding.DecodeString(bzip2Lines)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, lines); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "RC_2024-01.any")
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns all lines of a dump, the unfinished line after them, and the error that ended the reading.
func read(t *testing.T, path string, room int) (lines, unfinished, sum string, err error) {
	t.Helper()
	info, err := dump.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := dump.Open(info, dump.NewDecoders(info.Window))
	if err != nil {
		return "", "", "", err
	}
	defer r.Close() //nolint:errcheck // it was only read
	b := dump.Batch{Lines: make([]byte, 0, room)}
	for {
		if err = r.Read(&b); err != nil {
			break
		}
		if b.Offset != int64(len(lines)) {
			t.Errorf("a batch at %d behind %d bytes", b.Offset, len(lines))
		}
		lines += string(b.Lines)
	}
	if errors.Is(err, io.EOF) && !errors.As(err, new(*dump.BrokenError)) {
		sum, sumErr := r.Sum()
		if sumErr != nil {
			t.Fatal(sumErr)
		}
		return lines, "", sum, nil
	}
	return lines, string(b.Lines), "", err
}

var formats = []dump.Format{dump.Plain, dump.Zstd, dump.XZ, dump.Bzip2, dump.Gzip}

func TestEachFormat(t *testing.T) {
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			content := compress(t, format, twoLines)
			path := write(t, content)
			lines, _, sum, err := read(t, path, 4)
			if err != nil || lines != twoLines {
				t.Errorf("got %q, %v", lines, err)
			}
			if want := sha256.Sum256(content); sum != hex.EncodeToString(want[:]) {
				t.Errorf("SHA-256 %s", sum)
			}
			if info, _ := dump.Inspect(path); info.Format != format || info.Bytes != int64(len(content)) {
				t.Errorf("%+v", info)
			}
		})
	}
}

func TestFileOfTwoParts(t *testing.T) {
	for _, format := range formats {
		t.Run(string(format), func(t *testing.T) {
			part := compress(t, format, twoLines)
			if lines, _, _, err := read(t, write(t, append(part, part...)), 64); err != nil || lines != twoLines+twoLines {
				t.Errorf("got %q, %v", lines, err)
			}
		})
	}
}

func TestBatchesAreWholeLines(t *testing.T) {
	var all strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&all, "{\"line\":%d}\n", i*i)
	}
	all.WriteString("{\"last\":true}") // without its end
	for _, room := range []int{0, 7, 100, 4096, 1 << 20} {
		if lines, _, _, err := read(t, write(t, compress(t, dump.Zstd, all.String())), room); err != nil || lines != all.String() {
			t.Errorf("batches of %d: %d of %d bytes, %v", room, len(lines), all.Len(), err)
		}
	}
}

// noise returns text that hardly compresses, so that lines are missing if the file is cut in the middle.
func noise(n int) string {
	var b strings.Builder
	sum := sha256.Sum256(nil)
	for b.Len() < n {
		sum = sha256.Sum256(sum[:])
		fmt.Fprintf(&b, "%x\n", sum)
	}
	return b.String()
}

func TestDumpThatBreaksOff(t *testing.T) {
	all := noise(1 << 20)
	for _, format := range []dump.Format{dump.Zstd, dump.XZ, dump.Gzip} {
		t.Run(string(format), func(t *testing.T) {
			content := compress(t, format, all)
			path := write(t, content[:len(content)/2])
			lines, unfinished, _, err := read(t, path, 4096)
			var broken *dump.BrokenError
			if !errors.As(err, &broken) || broken.Path != path {
				t.Fatalf("got %v", err)
			}
			if !strings.HasPrefix(all, lines+unfinished) || !strings.HasSuffix(lines, "\n") || strings.Contains(unfinished, "\n") {
				t.Errorf("%d bytes of lines, and %q", len(lines), unfinished)
			}
			if broken.At != int64(len(lines)+len(unfinished)) {
				t.Errorf("breaks off at %d, and %d bytes were read", broken.At, len(lines)+len(unfinished))
			}
		})
	}
}

// A dump that was cut off anywhere behind its first bytes is broken, never just shorter.
func TestDumpThatIsCutOffAnywhere(t *testing.T) {
	const head = 17 // Inspect refuses shorter ones of xz
	for _, format := range formats[1:] {
		t.Run(string(format), func(t *testing.T) {
			content := compress(t, format, twoLines)
			for size := head; size < len(content); size++ {
				if lines, _, _, err := read(t, write(t, content[:size]), 1024); !errors.As(err, new(*dump.BrokenError)) {
					t.Errorf("%d of %d bytes: read %q, error %v", size, len(content), lines, err)
				}
			}
			if format == dump.XZ { // zeros may follow
				if lines, _, _, err := read(t, write(t, append(content, 0, 0, 0, 0)), 1024); lines != twoLines || err != nil {
					t.Errorf("with padding: read %q, error %v", lines, err)
				}
			}
		})
	}
}

func TestRubbishBehindAFrame(t *testing.T) {
	content := append(compress(t, dump.Zstd, twoLines), "rubbish that is no frame"...)
	lines, _, _, err := read(t, write(t, content), 64)
	if !errors.As(err, new(*dump.BrokenError)) || lines != twoLines {
		t.Errorf("%q, %v", lines, err)
	}
}

func TestLineThatIsTooLong(t *testing.T) {
	all := "{}\n" + strings.Repeat("x", 3*dump.LongestLine) + "\n{}\n"
	path := write(t, compress(t, dump.Zstd, all))
	info, err := dump.Inspect(path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := dump.Open(info, dump.NewDecoders(info.Window))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	var got []string
	var b dump.Batch
	for r.Read(&b) == nil {
		got = append(got, fmt.Sprintf("%d %q %v", b.Offset, b.Lines, b.TooLong))
	}
	want := fmt.Sprintf(`0 "{}\n" false, 3 "" true, %d "{}\n" false`, len(all)-3)
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s", got)
	}
}

func TestWindowOfTheHead(t *testing.T) {
	// Files of pzstd and of the seekable format begin with a frame without data.
	skippable := "\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"
	// A header (magic, descriptor, window descriptor of 2 GiB), and then an empty block that is the last.
	twoGiB := "\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00"
	for name, c := range map[string]struct {
		content string
		format  dump.Format
		window  int64
	}{
		"zstd of 2 GiB":          {twoGiB, dump.Zstd, 2 << 30},
		"behind a skipped frame": {skippable + twoGiB, dump.Zstd, 2 << 30},
		"xz of 1 MiB":            {string(compress(t, dump.XZ, twoLines)), dump.XZ, 1 << 20},
		"nothing":                {"", dump.Plain, 0},
	} {
		info, err := dump.Inspect(write(t, []byte(c.content)))
		if err != nil || info.Format != c.format || info.Window != c.window {
			t.Errorf("%s: %+v, %v", name, info, err)
		}
	}
	if _, err := dump.Inspect(write(t, []byte("\x28\xb5\x2f\xfd\x00\xf8\x01\x00\x00"))); err == nil {
		t.Error("a window of 2 TiB is accepted")
	}
	if _, err := dump.Inspect(t.TempDir()); err == nil {
		t.Error("a folder is a dump")
	}
}
