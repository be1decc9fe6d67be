package chainfile

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/threadloom/threadloom/transforms/chainfile/parquetread"
	"github.com/threadloom/threadloom/transforms/rooted"
)

// Check reads the footer of a Parquet file that somebody else wrote and returns
// its rows. If there is no such file the error is fs.ErrNotExist.
func Check(at rooted.Path) (rows int64, err error) {
	err = readFooter(at, func(f *parquetread.File) error {
		rows = f.Rows
		return nil
	})
	return rows, err
}

// Output is what the footer of an output says.
type Output struct {
	Rows int64
	// Fingerprint is the zero value if Fingerprinted is false: somebody else wrote the file.
	Fingerprint   Fingerprint
	Fingerprinted bool
}

// ReadOutput reads the footer of an output. If there is no such file the error is
// fs.ErrNotExist.
func ReadOutput(at rooted.Path) (o Output, err error) {
	err = readFooter(at, o.read)
	return o, err
}

// read takes in what a footer says.
func (o *Output) read(f *parquetread.File) error {
	o.Rows = f.Rows
	text, ok := f.Lookup(FingerprintKey)
	if !ok {
		return nil
	}
	o.Fingerprinted = true
	return json.Unmarshal([]byte(text), &o.Fingerprint)
}

func readFooter(at rooted.Path, read func(*parquetread.File) error) error {
	f, err := openFooter(at, read)
	if err != nil {
		return err
	}
	return f.Close()
}

// openFooter reads the footer of a file and returns the file, still open, unless it fails.
func openFooter(at rooted.Path, read func(*parquetread.File) error) (f *os.File, err error) {
	if f, err = at.Open(); err != nil {
		return nil, fmt.Errorf("checking the output: %w", err)
	}
	defer func() {
		if err != nil {
			_ = f.Close() // the first error is reported
		}
	}()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("checking the output: %w", err)
	}
	pf, err := parquetread.Open(f, info.Size())
	if err == nil {
		err = read(pf)
	}
	if err != nil {
		return nil, fmt.Errorf("checking the output %s: %w", at.Path, err)
	}
	return f, nil
}
