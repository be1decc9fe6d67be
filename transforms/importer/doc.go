// Package importer turns dumps into chains. The work is cut in two, and each part can go on where a
// process that was killed left it:
//
//   - Plan.Scan reads one dump and writes its posts as sorted runs (package runs).
//   - Plan.Weave merges one bucket of all runs and writes the chains of its subreddits.
//
// Everything is written below a hidden folder, and Plan.Publish moves what is whole to its place.
// docs/import.md says what comes out. It knows nothing of Beam.
package importer
