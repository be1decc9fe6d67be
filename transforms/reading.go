package transforms

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/threadloom/threadloom/transforms/chainfile"
)

// reading is one output that is read beside its input.
type reading struct {
	check   checker
	options EmbedOptions
	file    File
	looked  *Looked
	draw    float64 // which row is embedded again, as a share of the rows; 0: none

	mark   chainfile.Fingerprint
	rows   int64
	orphan bool
	again  *again
}

// read returns what is wrong with the output.
func (r *reading) read() (err error) {
	defer func() { // of the Parquet library
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be read: %v", p)
		}
	}()
	out, err := chainfile.OpenOutput(r.options.Layout.output(r.file))
	if err != nil {
		_, why := r.check.judge(r.file, chainfile.Output{}, err)
		return errors.New(why)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if state, why := r.check.judge(r.file, out.Output, nil); state != Done {
		return errors.New(why)
	}
	r.mark = out.Fingerprint
	if err := out.FindColumns(); err != nil {
		return err
	}
	keep := out.Kept()
	if len(keep) == 0 {
		keep = []string{""} // no column has that name: none is compared
	}
	in, err := chainfile.Open(r.options.Layout.input(r.file), r.options.TextColumn, keep)
	if errors.Is(err, os.ErrNotExist) {
		r.orphan = true
		return r.alone(out)
	}
	if err != nil {
		return fmt.Errorf("its input: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if in.Rows != out.Rows {
		return fmt.Errorf("it has %d rows, its input has %d", out.Rows, in.Rows)
	}
	return r.beside(in, out)
}

// beside compares an output with its input, chunk by chunk.
func (r *reading) beside(in *chainfile.Reader, out *chainfile.OutputReader) error {
	comparison, err := chainfile.NewComparison(out, in)
	if err != nil {
		return err
	}
	for {
		chunk, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out.End()
		}
		if err != nil {
			return fmt.Errorf("its input: %w", err)
		}
		made, err := out.Next(chunk.Rows)
		if err != nil {
			return err
		}
		if why := comparison.Rows(made, chunk, r.rows); why != "" {
			return errors.New(why)
		}
		if err := r.vectors(made); err != nil {
			return err
		}
		if at := r.drawnRow(out.Rows) - r.rows; at >= 0 && at < int64(chunk.Rows) {
			r.again = &again{
				file: r.file, row: r.rows + at, text: chunk.Texts[at],
				Row: made.Row(int(at)), precision: r.mark.Precision,
			}
		}
		r.pass(chunk.Rows)
	}
}

// alone reads an output without an input.
func (r *reading) alone(out *chainfile.OutputReader) error {
	const step = 256
	for r.rows < out.Rows {
		made, err := out.Next(int(min(step, out.Rows-r.rows)))
		if err == nil {
			err = r.vectors(made)
		}
		if err != nil {
			return err
		}
		r.pass(made.Rows)
	}
	return out.End()
}

// pass counts rows that are right.
func (r *reading) pass(rows int) {
	r.rows += int64(rows)
	r.looked.rows.Add(int64(rows))
}

func (r *reading) vectors(made chainfile.OutputChunk) error {
	why := chainfile.CheckVectors(made.Vectors, r.mark.Dimension, r.mark.Normalized, lengthTolerance(r.mark.Precision), r.rows)
	if why != "" {
		return errors.New(why)
	}
	return nil
}

// drawnRow returns the row that is embedded again, -1 for none.
func (r *reading) drawnRow(rows int64) int64 {
	if r.draw == 0 {
		return -1
	}
	return int64(r.draw * float64(rows))
}
