// Package deadletter records why a file could not be embedded: a code and a message make a line,
// and one file holds all such lines.
// Programs read the code; the message is for people and may change.
// docs/dead-letters.md lists the codes, and a test compares it with codes.
package deadletter

import (
	"errors"
	"fmt"
	"slices"

	"github.com/threadloom/threadloom/transforms/rooted"
)

// Code is the reason for a dead letter, for programs.
type Code string

// The input file.
const (
	CannotOpen       Code = "cannot_open"        // the system refuses to open the input
	LeadsOutside     Code = "leads_outside"      // a symbolic link leads out of the folder of the suffix
	CannotRead       Code = "cannot_read"        // the disk or the network failed while the input was read
	ChangedWhileRead Code = "changed_while_read" // somebody wrote to the input or replaced it
	Empty            Code = "empty"              // the input has 0 bytes
	NotParquet       Code = "not_parquet"        // the input is not a Parquet file
	Encrypted        Code = "encrypted"          // the input is encrypted
	Damaged          Code = "damaged"            // the input contradicts itself
	TooLarge         Code = "too_large"          // reading the input would take too much memory
)

// The columns.
const (
	NoTextColumn        Code = "no_text_column"        // no column has the name of the text column
	AmbiguousTextColumn Code = "ambiguous_text_column" // several columns have it
	TextColumnType      Code = "text_column_type"      // the text column holds no texts
	UnsupportedCodec    Code = "unsupported_codec"     // a column is compressed with a codec that is not supported
	UnsupportedEncoding Code = "unsupported_encoding"  // a column has an encoding that is not supported
	ValueTooLarge       Code = "value_too_large"       // a kept column has values of many megabytes
	ValueOutOfRange     Code = "value_out_of_range"    // a kept column has a value that its type in the output cannot hold
)

// The run.
const (
	EmbeddingFailed  Code = "embedding_failed"   // the tokenizer or the model failed
	ProcessLost      Code = "process_lost"       // the separate process that embedded the file ended
	OutputNotWritten Code = "output_not_written" // the system refuses to write the output
	OutputNotWhole   Code = "output_not_whole"   // what was read back from the output is not what was written
	CannotList       Code = "cannot_list"        // a folder of the input or of the output cannot be listed
	Internal         Code = "internal"           // anything else: please report it
)

// Workers on other machines.
const (
	WorkerLost  Code = "worker_lost"  // three workers ended while they had the file
	NotVisible  Code = "not_visible"  // a worker does not see the input
	OutsideRoot Code = "outside_root" // a job names a file outside of the worker's --root
	BadJob      Code = "bad_job"      // an entry of the queue is not a job
)

// codes are all codes, in the order of the document.
var codes = []Code{
	CannotOpen, LeadsOutside, CannotRead, ChangedWhileRead, Empty, NotParquet, Encrypted, Damaged, TooLarge,
	NoTextColumn, AmbiguousTextColumn, TextColumnType, UnsupportedCodec, UnsupportedEncoding, ValueTooLarge, ValueOutOfRange,
	EmbeddingFailed, ProcessLost, OutputNotWritten, OutputNotWhole, CannotList, Internal,
	WorkerLost, NotVisible, OutsideRoot, BadJob,
}

// Known reports whether c is one of codes.
func Known(c Code) bool { return slices.Contains(codes, c) }

// Errorf makes an error that carries the code. format may hold %w.
func (c Code) Errorf(format string, args ...any) error {
	return &coded{c, fmt.Errorf(format, args...)}
}

// Wrap gives err the code, unless it carries one already: whoever is closest to a fault
// knows best what it is. Wrap of nil is nil.
func (c Code) Wrap(err error) error {
	if err == nil || errors.As(err, new(*coded)) {
		return err
	}
	return &coded{c, err}
}

// CodeOf returns the code that err carries, Internal if it carries none.
func CodeOf(err error) Code {
	var found *coded
	if errors.As(err, &found) {
		return found.code
	}
	return Internal
}

// OfPath returns the code for an error from opening or listing a path: LeadsOutside if
// a link leads out, else otherwise.
func OfPath(err error, otherwise Code) Code {
	if errors.Is(err, rooted.ErrLeadsOut) {
		return LeadsOutside
	}
	return otherwise
}

type coded struct {
	code Code
	err  error
}

func (c *coded) Error() string { return c.err.Error() }
func (c *coded) Unwrap() error { return c.err }
