package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/threadloom/threadloom/models"
)

// homeParts are the folders that set-up makes in the repository's top folder; a home has them.
var homeParts = []string{filepath.Join("build", "lib"), filepath.Join("build", "models")}

// home is the folder below which set-up put the model, the libraries and Python.
type home struct {
	path string
	by   string   // how it was found; empty: it was not found
	seen []string // folders in which it was looked for in vain
}

// findHome looks for the home: what the flag says, or else the first one of the executable's folder
// and those above it, the folder in which the program was compiled, and the working directory.
func findHome(given, executable, compiled, working string) (home, error) {
	if given != "" {
		abs, err := filepath.Abs(given)
		if err != nil {
			return home{}, UsageError{err}
		}
		if !isHome(abs) {
			return home{}, Usagef("--home %s: it has no %s: name the folder in which 'make setup' was run", given, strings.Join(homeParts, " and "))
		}
		return home{path: abs, by: "--home"}, nil
	}
	var h home
	if h.isAbove(executable) || h.is(compiled, "the folder in which the program was compiled") || h.is(working, "the working directory") {
		return h, nil
	}
	h.path = compiled // errors about what is missing name their places below it
	if h.path == "" {
		h.path = working
	}
	return h, nil
}

// isAbove says whether the folder of a program, or one above it, is the home, and notes it.
func (h *home) isAbove(program string) bool {
	if program == "" {
		return false
	}
	for dir := filepath.Dir(program); ; dir = filepath.Dir(dir) {
		if isHome(dir) {
			h.path, h.by = dir, "the folder of the program, or one above it"
			return true
		}
		if dir == filepath.Dir(dir) {
			h.seen = append(h.seen, filepath.Dir(program)+" or above it")
			return false
		}
	}
}

// is says whether a folder is the home, and notes it. An empty name is a folder that is not known.
func (h *home) is(folder, by string) bool {
	switch {
	case folder == "":
		return false
	case isHome(folder):
		h.path, h.by = folder, by
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

// missing says what was looked for and where, as the end of an error about a thing that is not
// there; nothing if the home was found.
func (h home) missing() string {
	if h.by != "" {
		return ""
	}
	return fmt.Sprintf("; --home is not given, and there is no %s (from 'make setup') in %s", strings.Join(homeParts, " and "), strings.Join(h.seen, ", "))
}

// findHome finds the home of this process.
func (c *Config) findHome() (err error) {
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
	c.home, err = findHome(c.Home, executable, models.CompiledIn(), working)
	if err == nil {
		c.Home = c.home.path
	}
	return err
}

// FoundHome says how the home was found, or else what was looked for and where, as the end of an
// error about a thing that is not there.
func (c *Config) FoundHome() (by, missing string) { return c.home.by, c.home.missing() }
