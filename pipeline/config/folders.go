package config

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// LeasedFolders are the folders whose lease a run takes. The lease of the embeddings also covers
// the dead letters and the settings in Redis.
func (r *Run) LeasedFolders() []string {
	folders := []string{r.Files.Layout().Embeddings}
	if r.Clustering.On {
		folders = append(folders, r.Files.Clusters())
	}
	return folders
}

// CheckWritable refuses a run whose results could not be written, before anything is embedded.
// Another process may write the clusters, but this one writes their lease.
func (r *Run) CheckWritable() error {
	for _, folder := range r.LeasedFolders() {
		if there, err := CannotWrite(folder); err != nil {
			return Usagef("%s cannot be written to: %v: %s", there, err, LetWrite)
		}
	}
	return nil
}

// LetWrite is what to do about a folder that cannot be written to.
const LetWrite = "let this user write there, or name another folder with --embeddings_dir or --clusters_dir"

// CannotWrite says why a folder, or the first one above it that exists, cannot be written to, and
// which of them it looked at.
func CannotWrite(folder string) (there string, err error) {
	there = Existing(folder)
	return there, unix.Access(there, unix.W_OK|unix.X_OK)
}

// Existing returns a folder, or the first one above it that exists.
func Existing(folder string) string {
	for {
		if _, err := os.Stat(folder); err == nil || filepath.Dir(folder) == folder {
			return folder
		}
		folder = filepath.Dir(folder)
	}
}
