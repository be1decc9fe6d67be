// Package thread makes chains from the comments of one thread. Its memory and time grow linearly with
// their number: nothing recurses, and no comment's whole way up is walked, so that a thread may be a
// million comments wide or deep. docs/import.md says what a chain is.
//
// It knows nothing about texts, files or Beam.
package thread
