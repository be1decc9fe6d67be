// Package post reads the lines of Reddit's dumps: one JSON object each, a comment or a submission.
// What fields mean changed over the years; docs/import.md lists what is understood.
//
// It knows nothing about files or Beam.
package post
