// Package guard looks at a Parquet file before the library reads it. The library
// believes what a file says of itself, and asks for the memory at once: a list of
// two billion entries, a page of 2 GB or a run of four billion zeros, each written
// in five bytes, end the whole process. What honest files hold passes at the cost of
// decompressing twice, which is little beside embedding.
//
//   - footer: Footer, before the library opens the file.
//   - pages of some columns of a row group: Columns, before they are read.
//
// What passes here may still be damaged; the library then returns an error, or
// panics, and neither takes more memory than Columns has said.
package guard

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// What no honest file of chains reaches. What is larger is refused by name.
const (
	maxFooterBytes = 64 << 20 // of a footer
	maxStructs     = 1 << 18  // of a footer: columns times row groups, and the schema
	maxNames       = 1 << 22  // of a footer: entries of lists of anything else
	maxDepth       = 24       // of structs within structs; the format has 8
	maxHeaderBytes = 16 << 20 // of a page's header, which may quote a text or two
	maxPageBytes   = 1 << 28  // of a page when it is decompressed and decoded
	largePage      = 1 << 24  // from which on pages are looked at one at a time
	maxPageValues  = 1 << 24  // of a page
	maxGrowth      = 1000     // times the file's size, of all its pages together, when decoded
	freeGrowth     = 8 << 30  // bytes that any file's pages may have together
)

// ErrDamaged is wrapped where a file contradicts itself, ErrTooLarge where it passes
// a limit.
var (
	ErrDamaged  = errors.New("the file is damaged")
	ErrTooLarge = errors.New("the file is refused, it would take too much memory")
)

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}

func tooLarge(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrTooLarge, fmt.Errorf(format, args...))
}

// Contain is to be deferred: it makes a panic of the library an error that says what is wrong
// with the file.
func Contain(err *error, what string) {
	if p := recover(); p != nil {
		slog.Debug("panic in the Parquet library", "panic", p, "stack", string(debug.Stack()))
		*err = damaged("%s", what)
	}
}
