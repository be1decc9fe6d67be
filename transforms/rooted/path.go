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
func (p Path) Open() (f *os.File, err error) {
	err = p.below(func(root *os.Root, name string) (err error) {
		f, err = root.Open(name)
		return err
	})
	return f, err
}

// Stat looks at a file or a folder.
func (p Path) Stat() (info os.FileInfo, err error) {
	err = p.below(func(root *os.Root, name string) (err error) {
		info, err = root.Stat(name)
		return err
	})
	return info, err
}

// Folder opens a folder, to work in it whatever is put in its place meanwhile.
func (p Path) Folder() (folder *os.Root, err error) {
	err = p.below(func(root *os.Root, name string) (err error) {
		folder, err = root.OpenRoot(name)
		return err
	})
	return folder, err
}

// MakeFolder is Folder for one that may be missing, with its root.
func (p Path) MakeFolder() (*os.Root, error) {
	folder, err := p.Folder()
	if !errors.Is(err, fs.ErrNotExist) {
		return folder, err
	}
	if err := os.MkdirAll(p.Root, 0o777); err != nil {
		return nil, err
	}
	err = p.below(func(root *os.Root, name string) error { return root.MkdirAll(name, 0o777) })
	if err != nil {
		return nil, err
	}
	return p.Folder()
}

// below calls do with the root and the name of p in it. Of links that stay inside os.Root
// follows the relative ones only; where it meets another, do is called again with the name
// without links. It checks that name, too: links may come and go at any time.
func (p Path) below(do func(root *os.Root, name string) error) error {
	r, err := open(p.Root)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(p.Root, p.Path)
	if err == nil {
		err = do(r.Root, name)
	} else { // one is absolute, the other is not
		err = r.escapes
	}
	if !errors.Is(err, r.escapes) {
		return err
	}
	if real, e := filepath.EvalSymlinks(p.Path); e == nil {
		if name, e = filepath.Rel(r.real, real); e == nil {
			err = do(r.Root, name)
		}
	}
	if errors.Is(err, r.escapes) {
		return fmt.Errorf("%s %w %s through a symbolic link: move its folder there, or bind-mount it", p.Path, ErrLeadsOut, p.Root)
	}
	return err
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
