package audit

import (
	"errors"
	"fmt"
	"slices"
)

// pair is a kept column: a leaf of the output and its leaf of the input.
type pair struct {
	name    string
	out, in int
}

// findKept matches the output's kept columns with the input's.
func (c *comparison) findKept() error {
	var names []string
	for _, f := range c.out.fields {
		if isOwn(f.name) {
			continue
		}
		if f.scalar == nil || slices.Contains(names, f.name) {
			return fmt.Errorf("the column %q does not belong in an output", f.name)
		}
		names = append(names, f.name)
		in := c.keptInput(f.name)
		if in == nil {
			return fmt.Errorf("the input has no column %q", f.name)
		}
		if got, want := meaningOf(f.scalar), meaningOf(in.scalar); !want.keeps(got) {
			return fmt.Errorf("the column %q is %s, the input's is %s", f.name, got, want)
		}
		c.kept = append(c.kept, pair{f.name, f.leaves[0], in.leaves[0]})
	}
	for _, f := range c.in.fields {
		wanted := len(c.Keep) == 0 || slices.Contains(c.Keep, f.name)
		if wanted && c.keptInput(f.name) != nil && !slices.Contains(names, f.name) {
			return fmt.Errorf("the input's column %q is missing (give the same --keep as the run)", f.name)
		}
	}
	return nil
}

// keptInput returns the input's column that an output keeps under a name: the first one
// that can be kept, or nil if there is none.
func (c *comparison) keptInput(name string) *field {
	if isOwn(name) || name == c.TextColumn {
		return nil
	}
	i := slices.IndexFunc(c.in.fields, func(f field) bool { return f.name == name && f.scalar != nil })
	if i < 0 {
		return nil
	}
	return &c.in.fields[i]
}

// keptColumns compares the values of the kept columns. If one cannot be read, it still compares
// the others.
func (c *comparison) keptColumns() error {
	var skipped error
	for _, p := range c.kept {
		err := c.sameValues(p)
		var is notAudited
		if err != nil && !errors.As(err, &is) {
			return err
		}
		if skipped == nil {
			skipped = err
		}
	}
	return skipped
}

func (c *comparison) sameValues(p pair) (err error) {
	out, in := c.out.column(p.out), c.in.column(p.in)
	defer out.abandon()
	defer in.abandon()
	if in.kind.name == "NULL" { // the input has no type, and therefore only nulls
		return out.each(func(row int64, x cell) error {
			if !x.null {
				return notTheInputs(row, p.name)
			}
			return nil
		})
	}
	var made, want []cell
	for {
		row := out.rows - int64(len(made))
		if len(made) == 0 {
			if made, err = out.next(); err != nil {
				return ofOutput(err)
			}
		}
		if len(want) == 0 {
			if want, err = in.next(); err != nil {
				return ofInput(err)
			}
		}
		n := min(len(made), len(want))
		if n == 0 {
			return nil // next has checked that both have all their rows
		}
		for i := range n {
			if !made[i].equal(want[i]) {
				return notTheInputs(row+int64(i), p.name)
			}
		}
		made, want = made[n:], want[n:]
	}
}

func notTheInputs(row int64, name string) error {
	return fmt.Errorf("row %d: the column %q is not the input's", row, name)
}
