// Package dump reads dumps: NDJSON that is plain or compressed with zstd, xz, bzip2 or gzip. Its
// memory is known before a dump is read, because the file's head says how much its decoder needs.
//
// It knows nothing about the content of the lines or about Beam.
package dump
