// Package thread makes chains of the comments of one thread, in memory of some bytes a comment and in
// steps that grow with their number: nothing recurses, and no comment's way up is walked whole, so
// that a thread may be a million comments wide or deep. docs/import.md says what a chain is.
//
// It knows nothing of texts, of files, nor of Beam.
package thread
