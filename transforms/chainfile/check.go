package chainfile

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/chainfile/guard"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Check reads the footer of a Parquet file that somebody else wrote and returns
// its rows. Where there is no such file the error is fs.ErrNotExist.
func Check(at rooted.Path) (rows int64, err error) {
	err = readFooter(at, func(f *parquet.File) error {
		rows = f.NumRows()
		return nil
	})
	return rows, err
}

// Output is what the footer of an output says.
type Output struct {
	Rows int64
	// Fingerprint is the zero value where Marked is false: somebody else wrote the file.
	Fingerprint Fingerprint
	Marked      bool
}

// ReadOutput reads the footer of an output. Where there is no such file the error is
// fs.ErrNotExist.
func ReadOutput(at rooted.Path) (o Output, err error) {
	err = readFooter(at, func(f *parquet.File) error {
		o.Rows = f.NumRows()
		text, ok := f.Lookup(FingerprintKey)
		if !ok {
			return nil
		}
		o.Marked = true
		return json.Unmarshal([]byte(text), &o.Fingerprint)
	})
	return o, err
}

// ReadFingerprint returns how an output was made, as its footer says; the zero
// value where the footer does not say.
func ReadFingerprint(at rooted.Path) (Fingerprint, error) {
	o, err := ReadOutput(at)
	return o.Fingerprint, err
}

func readFooter(at rooted.Path, read func(*parquet.File) error) (err error) {
	f, err := at.Open()
	if err != nil {
		return fmt.Errorf("checking the output: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("checking the output: %w", err)
	}
	pf, err := guard.Open(f, info.Size())
	if err == nil {
		err = read(pf)
	}
	if err != nil {
		return fmt.Errorf("checking the output %s: %w", at.Path, err)
	}
	return nil
}
