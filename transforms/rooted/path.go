// Package rooted opens files below a folder and nowhere else: no symbolic link leads out
// of it, not even one that is put in a folder's place at the wrong moment. The folder
// itself may be a link: where it lies is its owner's choice.
package rooted

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// ErrLeadsOut is wrapped by the errors of paths that leave their root.
var ErrLeadsOut = errors.New("leads out of")

// Path is a path that must not leave a folder.
type Path struct {
	Root string // the folder
	Path string // of the same form: it begins with Root
}

// Dir is the path of the folder that holds p.
func (p Path) Dir() Path { return Path{p.Root, filepath.Dir(p.Path)} }

// Join is the path of a name in the folder p.
func (p Path) Join(name string) Path { return Path{p.Root, filepath.Join(p.Path, name)} }

// Open opens a file or a folder to be read.
func (p Path) Open() (*os.File, error) { return below(p, (*os.Root).Open) }

// Stat looks at a file or a folder.
func (p Path) Stat() (os.FileInfo, error) { return below(p, (*os.Root).Stat) }

// Folder opens a folder, to work in it whatever is put in its place meanwhile.
func (p Path) Folder() (*os.Root, error) { return below(p, (*os.Root).OpenRoot) }

// MakeFolder is Folder for one that may be missing, with its root.
func (p Path) MakeFolder() (*os.Root, error) {
	folder, err := p.Folder()
	if !errors.Is(err, fs.ErrNotExist) {
		return folder, err
	}
	if err := os.MkdirAll(p.Root, 0o777); err != nil {
		return nil, err
	}
	return below(p, func(root *os.Root, name string) (*os.Root, error) {
		if err := root.MkdirAll(name, 0o777); err != nil {
			return nil, err
		}
		return root.OpenRoot(name)
	})
}

// below calls do with the root and the name of p in it. Of links that stay inside os.Root
// follows the relative ones only; where it meets another, do is called again with the name
// without links. It checks that name, too: links may come and go at any time.
func below[T any](p Path, do func(root *os.Root, name string) (T, error)) (found T, err error) {
	r, err := open(p.Root)
	if err != nil {
		return found, err
	}
	name, err := filepath.Rel(p.Root, p.Path)
	if err == nil {
		found, err = do(r.Root, name)
	} else { // one is absolute, the other is not
		err = r.escapes
	}
	if !errors.Is(err, r.escapes) {
		return found, err
	}
	if real, e := filepath.EvalSymlinks(p.Path); e == nil {
		if name, e = filepath.Rel(r.real, real); e == nil {
			found, err = do(r.Root, name)
		}
	}
	if errors.Is(err, r.escapes) {
		err = fmt.Errorf("%s %w %s through a symbolic link: move its folder there, or bind-mount it", p.Path, ErrLeadsOut, p.Root)
	}
	return found, err
}

// root is an open folder.
type root struct {
	*os.Root
	real    string // its path without links
	escapes error  // what os says of a path that leaves it, and does not export
}

var (
	mu    sync.Mutex
	roots = map[string]*root{} // by path; a process has two or three, for as long as it runs
)

func open(folder string) (*root, error) {
	mu.Lock()
	defer mu.Unlock()
	if r := roots[folder]; r != nil {
		return r, nil
	}
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return nil, err
	}
	opened, err := os.OpenRoot(real)
	if err != nil {
		return nil, err
	}
	_, err = opened.Lstat("..")
	r := &root{Root: opened, real: real, escapes: errors.Unwrap(err)}
	roots[folder] = r
	return r, nil
}
