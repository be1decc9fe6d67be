package redistest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// kinds are the servers that the queue works with. If the variable only is empty, tests use the
// first one that this machine has.
var kinds = []string{"redis", "valkey"}

// only is the one kind that the tests use in this pass, or empty.
var only string

// RunWithEach runs the tests of a package once with each kind of server, and its benchmarks with
// the first kind. It returns the code to exit with.
func RunWithEach(m *testing.M) int {
	code := 0
	for _, kind := range kinds {
		only = kind
		code = max(code, m.Run())
		if flag.Lookup("test.bench").Value.String() != "" {
			break
		}
	}
	return code
}

// chosen returns the kinds that a test may use.
func chosen() []string {
	if only != "" {
		return []string{only}
	}
	return kinds
}

// find returns the first program that is on this machine.
func find(kinds []string) (string, error) {
	for _, kind := range kinds {
		if program := programOf(kind); program != "" {
			return program, nil
		}
	}
	return "", fmt.Errorf("no %s-server on this machine: apt-get install %[1]s-server, or brew install %[1]s", kinds[0])
}

// programOf returns the program of a kind: the one that a variable names (REDIS_SERVER,
// VALKEY_SERVER), or the one that set-up installed, or the one on the PATH.
func programOf(kind string) string {
	if program := os.Getenv(strings.ToUpper(kind) + "_SERVER"); program != "" {
		return program
	}
	name := kind + "-server"
	if program := installed(name); program != "" {
		return program
	}
	program, _ := exec.LookPath(name)
	return program
}

// installed looks for a program in .venv/bin of the folders above the test's. It returns "" if
// there is none.
func installed(name string) string {
	folder, err := os.Getwd()
	for ; err == nil; folder = filepath.Dir(folder) {
		program := filepath.Join(folder, ".venv", "bin", name)
		if _, err := os.Stat(program); err == nil {
			return program
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	return ""
}
