// Package importer turns dumps into chains. The work has two parts, and each can go on where a
// killed process left it:
//
//   - Plan.Scan reads one dump and writes its posts as sorted runs (package runs).
//   - Plan.Weave merges one bucket of all runs and writes the chains of its subreddits.
//
// Everything is written below a hidden folder, and Plan.Publish moves the finished chains to their
// places. docs/import.md describes the result. The package knows nothing about Beam.
package importer
