package chainfile

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/chainfile/guard"
)

// Check reads the footer of a Parquet file that somebody else wrote and returns
// its rows. Where there is no such file the error is os.ErrNotExist.
func Check(path string) (rows int64, err error) {
	err = readFooter(path, func(f *parquet.File) error {
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
// os.ErrNotExist.
func ReadOutput(path string) (o Output, err error) {
	err = readFooter(path, o.read)
	return o, err
}

// read takes in what a footer says.
func (o *Output) read(f *parquet.File) error {
	o.Rows = f.NumRows()
	text, ok := f.Lookup(FingerprintKey)
	if !ok {
		return nil
	}
	o.Marked = true
	return json.Unmarshal([]byte(text), &o.Fingerprint)
}

// ReadFingerprint returns how an output was made, as its footer says; the zero
// value where the footer does not say.
func ReadFingerprint(path string) (Fingerprint, error) {
	o, err := ReadOutput(path)
	return o.Fingerprint, err
}

func readFooter(path string, read func(*parquet.File) error) error {
	f, err := openFooter(path, read)
	if err != nil {
		return err
	}
	return f.Close()
}

// openFooter reads the footer of a file, which stays open unless it fails.
func openFooter(path string, read func(*parquet.File) error) (f *os.File, err error) {
	if f, err = os.Open(path); err != nil {
		return nil, fmt.Errorf("checking the output: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error is the one to tell
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("checking the output: %w", err)
	}
	pf, err := guard.Open(f, info.Size())
	if err == nil {
		err = read(pf)
	}
	if err != nil {
		return nil, fmt.Errorf("checking the output %s: %w", path, err)
	}
	return f, nil
}
