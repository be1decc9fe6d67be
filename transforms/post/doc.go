// Package post reads the lines of Reddit's dumps: one JSON object each, a comment or a submission.
// The meaning of fields changed over the years. docs/import.md lists what is understood.
//
// It knows nothing about files or Beam.
package post
