package explore

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// indexName is the page itself.
const indexName = "index.html"

// export writes the page and its data into a new folder, for any web server. The folder appears
// when it is complete.
func export(folder string, scripts, data fs.FS) (err error) {
	parent := filepath.Dir(folder)
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return fmt.Errorf("exporting the page: %w", err)
	}
	// Not there, or empty: rename(2) replaces an empty folder.
	if entries, err := os.ReadDir(folder); len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("exporting the page: %s exists: name a new folder with --export", folder)
	}
	temporary, err := os.MkdirTemp(parent, "."+filepath.Base(folder)+".*.tmp")
	if err != nil {
		return fmt.Errorf("exporting the page: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("exporting the page to %s: %w", folder, err), os.RemoveAll(temporary))
		}
	}()
	if err := os.Chmod(temporary, 0o755); err != nil { // a web server may run as another user
		return err
	}
	if err := copyTree(temporary, scripts); err != nil {
		return err
	}
	if err := addPolicy(filepath.Join(temporary, indexName)); err != nil {
		return err
	}
	for _, name := range dataFiles {
		if err := copyFile(filepath.Join(temporary, "data", name), data, name); err != nil {
			return err
		}
	}
	err = os.Rename(temporary, folder)
	if errors.Is(err, syscall.ENOTEMPTY) || errors.Is(err, fs.ErrExist) {
		return errors.New("somebody else has created it meanwhile")
	}
	return err
}

// addPolicy puts the Content-Security-Policy into the page, because another web server sends none.
func addPolicy(path string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, after, found := bytes.Cut(page, []byte("<head>"))
	if !found {
		return fmt.Errorf("%s has no <head>", path)
	}
	with := fmt.Appendf(nil, "%s<head>\n    <meta http-equiv=\"Content-Security-Policy\" content=\"%s\" />%s", before, policy, after)
	return os.WriteFile(path, with, 0o644)
}

func copyTree(to string, tree fs.FS) error {
	return fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return copyFile(filepath.Join(to, filepath.FromSlash(name)), tree, name)
	})
}

func copyFile(to string, tree fs.FS, name string) (err error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	from, err := tree.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, from)
	return errors.Join(err, file.Close())
}
