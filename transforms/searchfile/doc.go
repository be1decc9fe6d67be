// Package searchfile keeps the vectors of a suffix's outputs in one file. To find the nearest vectors, it
// compares all of them. docs/search.md describes the format.
//
// A vector has 16 bits for each number, whose halves lie in two places. A scan reads only the upper halves,
// which give each score to within a known error. Rows that may be among the best, given that error, are
// scored again with both halves. So no row is missed.
//
// The file can be made again from the outputs at any time. It gets its name when it is complete. Several
// processes may make it at the same time: each writes its own file, and the last one stays.
package searchfile
