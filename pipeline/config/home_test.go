package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// makeHome makes the folders that set-up makes.
func makeHome(t *testing.T, folder string) string {
	t.Helper()
	for _, part := range homeParts {
		if err := os.MkdirAll(filepath.Join(folder, part), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestTheFirstPlaceThatIsAHomeHolds(t *testing.T) {
	top := t.TempDir()
	given, installed := makeHome(t, filepath.Join(top, "given")), makeHome(t, filepath.Join(top, "installed"))
	compiled, working := makeHome(t, filepath.Join(top, "compiled")), makeHome(t, filepath.Join(top, "working"))
	inside := filepath.Join(installed, "build", "bin", "threadloom")
	elsewhere, half := filepath.Join(top, "bin", "threadloom"), filepath.Join(top, "half")
	if err := os.MkdirAll(filepath.Join(half, homeParts[0]), 0o777); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ flag, executable, compiled, working, want string }{
		"the flag":                           {given, inside, compiled, working, given},
		"above the executable":               {"", inside, compiled, working, installed},
		"beside the executable":              {"", filepath.Join(installed, "threadloom"), compiled, working, installed},
		"where it was compiled, as go run":   {"", elsewhere, compiled, working, compiled},
		"the working directory: -trimpath":   {"", elsewhere, "", working, working},
		"the working directory: moved away":  {"", elsewhere, filepath.Join(top, "gone"), working, working},
		"a folder that has only a part":      {"", filepath.Join(half, "threadloom"), half, working, working},
		"an executable that is deleted":      {"", "", compiled, working, compiled},
		"a working directory that is no one": {"", elsewhere, compiled, "", compiled},
	} {
		h, err := findHome(c.flag, c.executable, c.compiled, c.working)
		if err != nil || h.Folder != c.want || h.by == "" || h.Missing() != "" {
			t.Errorf("%s: %q (%s), error %v, want %q", what, h.Folder, h.by, err, c.want)
		}
	}
}

func TestAHomeThatIsNoneIsRefused(t *testing.T) {
	folder := t.TempDir()
	_, err := findHome(folder, "", "", "")
	if err == nil || !strings.HasPrefix(err.Error(), "--home "+folder) || !strings.Contains(err.Error(), "build/models") {
		t.Errorf("error %v", err)
	}
}

func TestWhereAHomeWasLookedForInVain(t *testing.T) {
	top := t.TempDir()
	bin, compiled, working := filepath.Join(top, "bin"), filepath.Join(top, "compiled"), filepath.Join(top, "working")
	h, err := findHome("", filepath.Join(bin, "threadloom"), compiled, working)
	if err != nil || h.by != "" || h.Folder != compiled {
		t.Fatalf("found %+v, error %v", h, err)
	}
	for _, want := range []string{"--home", "build/lib", "build/models", bin + " or above it", compiled, working} {
		if !strings.Contains(h.Missing(), want) {
			t.Errorf("%q is not in %q", want, h.Missing())
		}
	}
}
