//go:build !linux

package importer

// syncFileSystem is nil where there is no such call.
var syncFileSystem func(folder string) error
