package inputs

import (
	"errors"
	"fmt"
	"io"

	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Rows returns the rows of an input, -1 if it cannot be embedded.
func Rows(input rooted.Path, textColumn string, keep []string) (rows int64) {
	defer func() {
		if recover() != nil { // of the Parquet library
			rows = -1
		}
	}()
	in, err := chainfile.Open(input, textColumn, keep)
	if err != nil {
		return -1
	}
	rows = in.Rows
	if in.Close() != nil {
		return -1
	}
	return rows
}

// sampleTexts is how many texts of an input are in a sample.
const sampleTexts = 16

// someTexts returns texts of the first chunk of an input, evenly chosen, and its rows.
func someTexts(input rooted.Path, textColumn string, keep []string) (texts []string, rows int64, err error) {
	defer func() {
		if p := recover(); p != nil { // of the Parquet library
			err = fmt.Errorf("panic while reading %s: %v", input.Path, p)
		}
	}()
	in, err := chainfile.Open(input, textColumn, keep)
	if err != nil {
		return nil, 0, err
	}
	defer func() { _ = in.Close() }() // only read
	chunk, err := in.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	count := min(sampleTexts, len(chunk.Texts))
	for i := range count {
		texts = append(texts, evenly(chunk.Texts, i, count))
	}
	return texts, in.Rows, nil
}

// evenly returns the i-th of count of the names, evenly chosen.
func evenly(names []string, i, count int) string { return names[i*len(names)/count] }

// atLeastOne returns the share of n that most is of all.
func atLeastOne(n, most, all int) int {
	if all <= most {
		return n
	}
	return max(1, n*most/all)
}
