// Package outputs checks outputs: whether they exist, are complete and were made with the wanted
// settings (--check), whether every row is right (verify), and how many there are (plan, progress).
// It writes nothing but crash notes.
package outputs
