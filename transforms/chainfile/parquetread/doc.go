// Package parquetread reads the flat columns of Parquet files that other programs wrote, and lists of
// floats.
//
// It exists because a run reads files of every writer, and trusts none of them. A library
// believes what a file says of itself and asks for the memory at once: a list of two billion
// entries, a page of 2 GB or a run of four billion zeros, each written in five bytes, end the
// whole process. So each page has to be walked before anybody reads it, and the walk is most
// of a reader. parquet-go's own reader, which would follow, refuses pages that every other
// reader takes (runs that are padded, bytes after the last value) and hands out wrong values
// from LZ4 pages (https://github.com/parquet-go/parquet-go/issues/608). Writing, and the
// footer's types, are parquet-go's.
//
// The rule: read what is needed, pass over what is more than that within a bound, and refuse
// what would hurt before memory is taken for it.
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

// No honest file of chains reaches these. A larger one is refused by name.
const (
	maxFooterBytes = 64 << 20 // of a footer
	maxStructs     = 1 << 18  // of a footer: columns times row groups, and the schema
	maxNames       = 1 << 22  // of a footer: entries of lists of anything else
	maxDepth       = 24       // of structs within structs; the format has 8
	maxHeaderBytes = 16 << 20 // of a page's header, which may quote a text or two
	maxPageBytes   = 1 << 28  // of a page when it is decompressed and decoded
	maxPageValues  = 1 << 24  // of a page
	maxGrowth      = 1000     // times the file's size, of all its pages together, when decoded
	freeGrowth     = 8 << 30  // bytes that any file's pages may have together
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
	return deadletter.TooLarge.Errorf("the file is refused, it would take too much memory: %w", fmt.Errorf(format, args...))
}

// contain makes a panic an error that says what is wrong with the file. It is to be deferred.
func contain(err *error, what string) {
	if p := recover(); p != nil {
		slog.Debug("panic while a Parquet file was read", "panic", p, "stack", string(debug.Stack()))
		*err = damaged("%s", what)
	}
}

// errShort says that the bytes end within a value: with more of them it may be whole.
var errShort = errors.New("it ends too early")
