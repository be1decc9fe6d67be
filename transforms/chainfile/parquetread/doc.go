// Package parquetread reads the flat columns of Parquet files that other programs wrote, and lists of
// floats.
//
// It exists because a run reads files from every kind of writer, and trusts none of them. A library
// believes what a file claims and immediately allocates the memory for it. A list of two billion
// entries, a page of 2 GB or a run of four billion zeros takes five bytes to write, and ends the
// whole process. So each page has to be checked before it is read, and such a check is most of a
// reader. parquet-go's own reader, which could do the rest, refuses pages that every other reader
// accepts (runs that are padded, bytes after the last value) and returns wrong values from LZ4
// pages (https://github.com/parquet-go/parquet-go/issues/608). The writer and the footer's types
// are parquet-go's.
//
// The rule: read what is needed, skip a bounded amount of anything more, and refuse what would
// do harm before allocating memory for it.
//
//   - Open reads the footer, Columns lists the top-level columns.
//   - Measure walks over the page headers of a column chunk and says what memory it needs.
//   - Chunk reads the values of a column chunk, one page at a time. FloatLists makes one for vectors.
//
// The format: https://github.com/apache/parquet-format
package parquetread

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/threadloom/threadloom/transforms/deadletter"
)

// No honest chains file reaches these limits. A file that does is refused, and the error names the limit.
const (
	maxFooterBytes = 64 << 20 // of a footer
	maxStructs     = 1 << 18  // of a footer: columns times row groups, and the schema
	maxNames       = 1 << 22  // of a footer: entries of all other lists
	maxDepth       = 24       // of structs within structs; the format has 8
	maxHeaderBytes = 16 << 20 // of a page's header, which may quote a text or two
	maxPageBytes   = 1 << 28  // of a page when it is decompressed and decoded
	maxPageValues  = 1 << 24  // of a page
	maxGrowth      = 1000     // of all pages of a file together, when decoded: times the file's size
	freeGrowth     = 8 << 30  // bytes that the decoded pages of a file may have, however small it is
	// maxPadding is how many values a run may have beyond those that the page has: DuckDB
	// pads to 256, others to 8 or 32.
	maxPadding = 512
	// headerSlack is how many bytes a column chunk may be longer than its footer says:
	// parquet-mr before 1.2.9 forgot the header of the dictionary's page (PARQUET-816).
	headerSlack = 100
)

func damaged(format string, args ...any) error {
	return deadletter.Damaged.Errorf("the file is damaged: %w", fmt.Errorf(format, args...))
}

func tooLarge(format string, args ...any) error {
	return deadletter.TooLarge.Errorf("the file is refused because reading it would take too much memory: %w", fmt.Errorf(format, args...))
}

// contain turns a panic into an error that says what is wrong with the file. It must be deferred.
func contain(err *error, what string) {
	if p := recover(); p != nil {
		slog.Debug("panic while a Parquet file was read", "panic", p, "stack", string(debug.Stack()))
		*err = damaged("%s", what)
	}
}

// errShort says that the bytes end within a value, which may be complete with more of them.
var errShort = errors.New("it ends too early")
