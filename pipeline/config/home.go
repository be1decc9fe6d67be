package config

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/threadloom/threadloom/models"
)

// homeParts are the folders that set-up makes in the repository's top folder; a home has them.
var homeParts = []string{filepath.Join("build", "lib"), filepath.Join("build", "models")}

// Home is the folder below which set-up put the model, the libraries and Python.
type Home struct {
	Folder string
	by     string   // how it was found; empty: it was not found
	seen   []string // folders that were tried and are not the home
}

// findHome looks for the home. If the flag does not name it, these are tried, in this order: the
// executable's folder and those above it, the folder in which the program was compiled, and the
// working directory.
func findHome(given, executable, compiled, working string) (Home, error) {
	if given != "" {
		abs, err := filepath.Abs(given)
		if err != nil {
			return Home{}, UsageError{err}
		}
		if !isHome(abs) {
			return Home{}, Usagef("--home %s: it has no %s: name the folder in which 'make setup' was run", given, strings.Join(homeParts, " and "))
		}
		return Home{Folder: abs, by: "--home"}, nil
	}
	var h Home
	if h.isAbove(executable) || h.is(compiled, "the folder in which the program was compiled") || h.is(working, "the working directory") {
		return h, nil
	}
	h.Folder = cmp.Or(compiled, working) // errors about what is missing name their places below it
	return h, nil
}

// isAbove reports whether the folder of a program, or one above it, is the home, and notes it.
func (h *Home) isAbove(program string) bool {
	if program == "" {
		return false
	}
	for dir := filepath.Dir(program); ; dir = filepath.Dir(dir) {
		if isHome(dir) {
			h.Folder, h.by = dir, "the folder of the program, or one above it"
			return true
		}
		if dir == filepath.Dir(dir) {
			h.seen = append(h.seen, filepath.Dir(program)+" or above it")
			return false
		}
	}
}

// is reports whether a folder is the home, and notes it. The name is empty if the folder is not known.
func (h *Home) is(folder, by string) bool {
	switch {
	case folder == "":
		return false
	case isHome(folder):
		h.Folder, h.by = folder, by
		return true
	}
	h.seen = append(h.seen, folder)
	return false
}

func isHome(folder string) bool {
	for _, part := range homeParts {
		if info, err := os.Stat(filepath.Join(folder, part)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// Missing returns the end of an error about a thing that is missing: what was looked for, and in
// which folders. It returns nothing if the home was found.
func (h Home) Missing() string {
	if h.by != "" {
		return ""
	}
	return fmt.Sprintf("; --home is not given, and there is no %s (from 'make setup') in %s", strings.Join(homeParts, " and "), strings.Join(h.seen, ", "))
}

// find finds the home of this process, if the flag does not name it.
func (h *Home) find() (err error) {
	executable, err := os.Executable()
	if err == nil {
		executable, err = filepath.EvalSymlinks(executable) // Linux has followed them, others have not
	}
	if err != nil {
		executable = "" // deleted since it was started: the other places remain
	}
	working, err := os.Getwd()
	if err != nil {
		working = ""
	}
	found, err := findHome(h.Folder, executable, models.CompiledIn(), working)
	if err == nil {
		*h = found
	}
	return err
}

// path returns the path of what lies below the home.
func (h Home) path(elements ...string) string {
	return filepath.Join(append([]string{h.Folder}, elements...)...)
}

// FoundBy says how the home was found; empty: it was not found.
func (h Home) FoundBy() string { return h.by }
