package audit

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"math"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

const vectorBatch = 1 << 13 // floats in one read

// vectors checks every vector of the output, and their hash.
func (c *comparison) vectors() error {
	r := vectorReader{comparison: c, descr: c.out.parquet.MetaData().Schema.Column(c.own.embedding), hash: sha256.New()}
	for group := range c.out.parquet.NumRowGroups() {
		if err := r.group(group, c.own.embedding); err != nil {
			return ofOutput(err)
		}
	}
	if err := r.end(); err != nil {
		return err
	}
	if c.report.Rows != c.out.Rows {
		return damaged("it has %d vectors, the footer says %d rows", c.report.Rows, c.out.Rows)
	}
	if c.VectorsSHA != "" && hex.EncodeToString(r.hash.Sum(nil)) != c.VectorsSHA {
		return errors.New("the vectors are not those that were written")
	}
	return nil
}

// vectorReader takes in the floats of all vectors in order.
type vectorReader struct {
	*comparison
	descr  *schema.Column
	hash   hash.Hash
	floats []float32 // of the vector that is being read
	open   bool      // a vector has begun
	bytes  []byte
}

func (r *vectorReader) group(group, leaf int) error {
	chunk, _, err := r.out.open(group, leaf)
	if err != nil {
		return err
	}
	defer func() { _ = chunk.Close() }() // it was only read
	floats, ok := chunk.(*file.Float32ColumnChunkReader)
	if !ok {
		return errors.New("a vector holds something that is not a float32")
	}
	values, defs, reps := make([]float32, vectorBatch), make([]int16, vectorBatch), make([]int16, vectorBatch)
	for floats.HasNext() {
		n, present, err := floats.ReadBatchInPage(vectorBatch, values, defs, reps)
		if err != nil {
			return fmt.Errorf("reading the vectors: %w", damaged("%w", err))
		}
		if n == 0 {
			return fmt.Errorf("reading the vectors: %w", damaged("a page ends early"))
		}
		if err := r.take(values[:present], defs[:n], reps[:n]); err != nil {
			return err
		}
	}
	if err := floats.Err(); err != nil {
		return fmt.Errorf("reading the vectors: %w", err)
	}
	return nil
}

// take adds the values of a batch to the vectors that they belong to.
func (r *vectorReader) take(values []float32, defs, reps []int16) error {
	most := r.descr.MaxDefinitionLevel()
	optional := r.descr.SchemaNode().RepetitionType() == parquet.Repetitions.Optional
	for i, rep := range reps {
		if rep == 0 {
			if err := r.end(); err != nil {
				return err
			}
			r.open = true
		}
		switch {
		case defs[i] == most && len(values) > 0:
			r.floats, values = append(r.floats, values[0]), values[1:]
		case defs[i] == most:
			return fmt.Errorf("reading the vectors: %w", damaged("a page has fewer values than it says"))
		case optional && defs[i] == most-1:
			return fmt.Errorf("row %d: a vector holds something that is not a float32", r.report.Rows)
		}
		if len(r.floats) > r.Dimension {
			return r.length()
		}
	}
	return nil
}

func (r *vectorReader) length() error {
	return fmt.Errorf("row %d: the vector does not have %d floats", r.report.Rows, r.Dimension)
}

// end checks the vector that has been read.
func (r *vectorReader) end() error {
	if !r.open {
		return nil
	}
	if len(r.floats) != r.Dimension {
		return r.length()
	}
	if why := checkVector(r.floats, r.Unit, r.Tolerance); why != "" {
		return fmt.Errorf("row %d: %s", r.report.Rows, why)
	}
	if r.report.Rows == r.sample.Index {
		r.sample.Vector = append([]float32(nil), r.floats...)
	}
	if r.VectorsSHA != "" {
		r.bytes, _ = binary.Append(r.bytes[:0], binary.LittleEndian, r.floats) // it can append floats
		r.hash.Write(r.bytes)
	}
	r.floats, r.open = r.floats[:0], false
	r.report.Rows++
	r.Pass(1)
	return nil
}

// checkVector says what is wrong with a vector: it holds something that is not a number, or, if unit
// is set, its length differs from 1 by more than tolerance.
func checkVector(vector []float32, unit bool, tolerance float64) string {
	sum := 0.0
	for _, x := range vector {
		sum += float64(x) * float64(x)
	}
	if math.IsNaN(sum) || math.IsInf(sum, 0) {
		return "the vector holds something that is not a number"
	}
	if length := math.Sqrt(sum); unit && math.Abs(length-1) > tolerance {
		return fmt.Sprintf("the vector's length is %.6g, not 1", length)
	}
	return ""
}
