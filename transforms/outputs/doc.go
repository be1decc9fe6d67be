// Package outputs says what an output that exists is worth: whether it is there, whole and made as
// is wanted (--check), right row for row (verify), and how many there are (plan, progress). It
// writes nothing but crash notes.
package outputs
