// Package searchfile keeps the vectors of a suffix's outputs in one file, in which the nearest ones are
// found by looking at all of them. docs/search.md describes the format.
//
// A vector has 16 bits for each number, which lie in two places. A scan reads the upper halves, which
// say each score within a known bound. Rows that may be among the best by that bound are scored again
// with both halves. So no row is missed.
//
// The file is what the outputs say, and can be made again from them. It gets its name when it is whole.
// Several processes may make it at the same time: each writes its own, and the last one stays.
package searchfile
