package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestTheDocsNameTheGoThatIsNeeded(t *testing.T) {
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	needed := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(module)
	if needed == nil {
		t.Fatal("go.mod names no version of Go")
	}
	for _, path := range []string{"../README.md", "../models/native/prerequisites.sh"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, said := range regexp.MustCompile(`\bGo (\d+\.[\d.]*\d)`).FindAllSubmatch(text, -1) {
			if string(said[1]) != string(needed[1]) {
				t.Errorf("%s says Go %s, go.mod says %s", path, said[1], needed[1])
			}
		}
	}
	readme, _ := os.ReadFile("../README.md")
	if !strings.Contains(string(readme), "Go "+string(needed[1])) {
		t.Errorf("README does not say that Go %s is needed", needed[1])
	}
}

// If a document says that a file holds a checksum, the file must hold it.
func TestFilesThatAreSaidToHoldChecksumsDo(t *testing.T) {
	cited := regexp.MustCompile("sha256 in `([^`]+)`")
	for _, path := range []string{"../README.md", "../CONTRIBUTING.md", "../docs/security.md"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range cited.FindAllSubmatch(text, -1) {
			content, err := os.ReadFile("../" + string(match[1]))
			if err != nil || !regexp.MustCompile(`\b[0-9a-f]{64}\b`).Match(content) {
				t.Errorf("%s cites the sha256 in %s: there is none (%v)", path, match[1], err)
			}
		}
	}
}

// Whoever is new looks each package up in the tables of architecture.md.
func TestTheArchitectureNamesEveryPackage(t *testing.T) {
	text, err := os.ReadFile("../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	source := regexp.MustCompile(`\.(go|py)$`)
	for _, room := range []string{"../pipeline", "../transforms", "../cluster"} {
		err := filepath.WalkDir(room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if entry.IsDir() && (entry.Name() == "tests" || entry.Name() == "testdata") {
				return filepath.SkipDir
			}
			if folder := filepath.Dir(path); source.MatchString(path) && folder != room {
				if name, err := filepath.Rel(room, folder); err != nil || !strings.Contains(string(text), "`"+filepath.ToSlash(name)+"`") {
					t.Errorf("%s: architecture.md does not name this package of %s (%v)", path, room, err)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
