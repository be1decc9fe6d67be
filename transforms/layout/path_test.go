package layout

import (
	"encoding/json"
	"os/exec"
	"testing"
)

func TestPathsOutlastJSON(t *testing.T) {
	for _, path := range []string{
		"", "plain.parquet", "caf\xe9.parquet", "\xff\xfe", "é\xe9é", "a\xed\xa0\x80b", // half a surrogate pair, encoded
		`back\slash\udce9`, `quote"`, "\u2028<&>\n", "\U0001F480\xdc", "\ufffd",
	} {
		file := File{Subreddit: "s", Input: path, Output: path + "x", Anew: true, Crashes: 2}
		b, err := json.Marshal(file)
		if err != nil {
			t.Fatalf("%q: %v", path, err)
		}
		var again File
		if err := json.Unmarshal(b, &again); err != nil || again != file {
			t.Errorf("%q became %q by %s: %v", path, again.Input, b, err)
		}
	}
}

func TestPathsOfPythonsAreRead(t *testing.T) {
	// Python's json.dumps writes this for a skull, whose second half looks like an escaped byte, and for a byte.
	var f File
	if err := json.Unmarshal([]byte(`{"input": "\ud83d\udc80\uDCE9\\udce9"}`), &f); err != nil {
		t.Fatal(err)
	}
	if want := "\U0001F480\xe9\\udce9"; f.Input != want {
		t.Errorf("read %q, want %q", f.Input, want)
	}
}

func TestPythonReadsTheBytesOfPaths(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no python3 on this machine: apt-get install python3, or brew install python")
	}
	b, err := json.Marshal(File{Input: "caf\xe9é"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(python, "-c",
		"import json, os, sys; sys.stdout.buffer.write(os.fsencode(json.loads(sys.argv[1])['input']))", string(b)).Output()
	if err != nil || string(out) != "caf\xe9é" {
		t.Errorf("Python reads %q from %s: %v", out, b, err)
	}
}
