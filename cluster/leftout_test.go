package cluster

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/threadloom/threadloom/transforms"
	"github.com/threadloom/threadloom/transforms/layout"
)

func TestAGroupWithoutFilesEndsNoOtherGroup(t *testing.T) {
	before := transforms.ThisProcess().Counts.All()
	f := &countFn{}
	summary := []byte(`{"group": "a", "error": "no file can take part: 2 files are left out", "files_left_out": 2}`)
	if err := f.ProcessElement(context.Background(), "a", summary); err != nil {
		t.Errorf("the run fails: %v", err)
	}
	if n := transforms.ThisProcess().Counts.All()["files_left_out"] - before["files_left_out"]; n != 2 {
		t.Errorf("%d files were counted, want 2", n)
	}
	err := f.ProcessElement(context.Background(), "b", []byte(`{"group": "b", "error": "the disk is full"}`))
	if err == nil || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("another error became %v", err)
	}
}

func TestAJobHasThePathsBytes(t *testing.T) {
	_, b := (&jobFn{By: groupAll}).ProcessElement(layout.File{Subreddit: "a", Input: "in/caf\xe9", Output: "out/caf\xe9"})
	var again layout.File
	if err := json.Unmarshal(b, &again); err != nil || again.Output != "out/caf\xe9" {
		t.Errorf("%s became %q: %v", b, again.Output, err)
	}
	if !strings.Contains(string(b), `caf\udce9`) {
		t.Errorf("%s is not what Python reads as the byte", b)
	}
}

func TestTheFirstFilesLeftOutAreNamed(t *testing.T) {
	root := t.TempDir()
	folders := []string{filepath.Join(root, "none"), filepath.Join(root, "a"), filepath.Join(root, "b")}
	for _, folder := range folders[1:] {
		if err := os.Mkdir(folder, 0o777); err != nil {
			t.Fatal(err)
		}
		list := `{"left_out": [{"file": "` + filepath.Base(folder) + `1", "part": "file", "reason": "why"}, {"file": "x", "part": "texts", "reason": "so"}]}`
		if err := os.WriteFile(filepath.Join(folder, leftOutList), []byte(list), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	first, list, err := FirstLeftOut(folders, 3)
	if err != nil || len(first) != 3 || list != filepath.Join(root, "a", leftOutList) {
		t.Fatalf("found %v in %s: %v", first, list, err)
	}
	want := "clustering left out 5 files: a1: why; x: its texts only: so; b1: why; and 2 more"
	if got := Sentence(5, first); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
	if got := Sentence(1, nil); got != "clustering left out 1 file" {
		t.Errorf("it says %q", got)
	}
}

func TestFoldersThatAreNotTextAreRefused(t *testing.T) {
	if checkFolder("the folder", "clusters/2026") != nil {
		t.Error("a plain folder is refused")
	}
	if err := checkFolder("the folder", "caf\xe9"); err == nil || !strings.Contains(err.Error(), `caf\xe9`) {
		t.Errorf("the refusal is %v", err)
	}
}
