// Package version holds the program's version.
package version

// Version is written into every output. mpsbridge/worker/files.py and pyproject.toml have the same.
const Version = "0.1.0"
