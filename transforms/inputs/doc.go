// Package inputs looks at chains files before a run: which columns they have, and how many rows
// and tokens embedding them will take.
package inputs
