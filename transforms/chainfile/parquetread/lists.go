package parquetread

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/parquet-go/parquet-go/format"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// floatLists says that a column has lists of floats, all of one length.
type floatLists struct {
	length  int   // floats of a list
	present int   // the definition level of a float that is there
	at      int64 // floats of the row group before the current page
	plain   []byte
}

// FloatLists prepares to read a column of a row group whose values are lists of floats, all of one
// length. Floats reads them. need is how many bytes of memory it takes.
func (f *File) FloatLists(group int, column Column, length int) (c *Chunk, need int64, err error) {
	g := &f.metadata.RowGroups[group]
	switch {
	case column.listLevel == 0:
		return nil, 0, damaged("the column %q does not hold lists of floats", column.Name)
	case length < 1 || g.NumRows > math.MaxInt64/int64(length):
		return nil, 0, damaged("lists of %d floats in %d rows", length, g.NumRows)
	}
	column.Flat, column.Optional, column.Physical = true, false, format.Float
	if c, err = f.chunk(group, column); err != nil {
		return nil, 0, err
	}
	c.rows *= int64(length)
	c.lists = &floatLists{length: length, present: column.listLevel}
	err = c.measure()
	return c, c.need + c.dictionaryNeed, err
}

// GroupRows returns the rows of a row group.
func (f *File) GroupRows(group int) int64 { return f.metadata.RowGroups[group].NumRows }

// Floats reads the next floats, list after list, and returns how many there were: fewer than into
// holds only at the end of the chunk.
func (c *Chunk) Floats(into []float32) (count int, err error) {
	defer contain(&err, "the content of its pages does not fit together")
	for count < len(into) {
		if c.left == 0 {
			if c.seen >= c.rows {
				return count, nil
			}
			if err := c.nextPage(); err != nil {
				return count, err
			}
			continue
		}
		n := int(min(c.left, int64(len(into)-count)))
		if err := c.floats(into[count : count+n]); err != nil {
			return count, err
		}
		count, c.left = count+n, c.left-int64(n)
	}
	return count, nil
}

// floats reads floats of the current page.
func (c *Chunk) floats(into []float32) error {
	l := c.lists
	if l.plain != nil {
		for i := range into {
			into[i] = math.Float32frombits(binary.LittleEndian.Uint32(l.plain[4*i:]))
		}
		l.plain = l.plain[4*len(into):]
		return nil
	}
	for i := range into {
		v, err := c.values.next()
		if err != nil {
			return err
		}
		into[i] = v.Float()
	}
	return nil
}

// beginLists prepares for the floats of a data page, after it has checked that every list has the right
// length and that no float is null.
func (c *Chunk) beginLists(p page, b, definitions []byte) (err error) {
	l := c.lists
	repetitions := c.stored[:p.levelBytes[1]] // of version 2
	if p.kind == format.DataPage {
		if p.levels != format.RLE {
			return deadletter.UnsupportedEncoding.Errorf("its levels are encoded as %s (%d), which is not supported in lists", p.levels, p.levels)
		}
		if repetitions, b, err = cutLevels(b); err == nil {
			definitions, b, err = cutLevels(b)
		}
		if err != nil {
			return err
		}
	}
	if err := l.checkRepetitions(repetitions, p.values); err != nil {
		return err
	}
	if err := l.checkDefinitions(definitions, p.values); err != nil {
		return err
	}
	l.at += p.values
	c.left, c.position, l.plain = p.values, 0, nil
	if c.values, err = c.decoder(p.encoding, b, p.values); err == nil && p.encoding == format.Plain {
		l.plain = b
	}
	return err
}

// checkRepetitions fails unless a list begins at every length-th float, and at no other.
func (l *floatLists) checkRepetitions(b []byte, n int64) error {
	r, err := newRuns(b, 1, n)
	if err != nil {
		return err
	}
	length := int64(l.length)
	for at, end := l.at, l.at+n; at < end; {
		if err := r.begin(); err != nil {
			return err
		}
		next := (at + length - 1) / length * length // where the next list begins
		fits := true
		switch {
		case r.packed == nil && r.value == 1:
			fits = next >= at+r.run
		case r.packed == nil:
			fits = r.value == 0 && (r.run == 0 || next == at && (r.run == 1 || length == 1))
		default:
			for i := int64(0); i < r.run && fits; i += 8 {
				count := min(8, r.run-i)
				want := byte(1)<<count - 1 // all bits of 8
				for ; next < at+i+count; next += length {
					want &^= 1 << (next - at - i)
				}
				fits = r.packed[i/8]&(byte(1)<<count-1) == want
			}
		}
		if !fits {
			return damaged("a list does not have %d floats", l.length)
		}
		at += r.run
		r.left -= r.run
	}
	return nil
}

// checkDefinitions fails if a float is null.
func (l *floatLists) checkDefinitions(b []byte, n int64) error {
	r, err := newRuns(b, uint(bits.Len(uint(l.present))), n)
	if err != nil {
		return err
	}
	for r.left > 0 {
		if err := r.begin(); err != nil {
			return err
		}
		after := r.left - r.run
		if r.packed == nil {
			r.run = min(1, r.run) // the others are the same
		}
		for r.run > 0 {
			if x, err := r.next(); err != nil {
				return err
			} else if int(x) != l.present {
				return damaged("a list is null, or holds a null")
			}
		}
		r.left = after
	}
	return nil
}

// listLevel returns the definition level of a float that is there, if the column at the beginning of
// elements has lists of floats in one of the usual forms; else 0.
func listLevel(elements []element) int {
	level, repeated := 0, 0
	for depth := range min(len(elements), 3) {
		e := &elements[depth]
		if !e.Repetition.Valid {
			return 0
		}
		switch e.Repetition.V {
		case format.Repeated:
			repeated++
			level++
		case format.Optional:
			level++
		}
		if e.Type.Valid {
			if e.Type.V == format.Float && repeated == 1 {
				return level
			}
			return 0
		}
		if e.NumChildren != 1 {
			return 0
		}
	}
	return 0
}
