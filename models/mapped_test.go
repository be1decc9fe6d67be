package models

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestMappedBelowTakesOnlyTheRightsAskedFor(t *testing.T) {
	maps := strings.Join([]string{
		"00400000-00405000 r--p 00000000 fe:00 11 /models/a/program",
		"7f0000000000-7f0000010000 r--p 00001000 fe:00 12                          /models/a/onnx/model.onnx_data",
		"7f0000010000-7f0000020000 rw-p 00000000 fe:00 12 /models/a/onnx/model.onnx_data",
		"7f0000020000-7f0000030000 r-xp 00000000 fe:00 13 /models/a/lib.so",
		"7f0000030000-7f0000040000 r--s 00000000 fe:00 13 /models/a/shared",
		"7f0000040000-7f0000050000 r--p 00000000 fe:00 14 /models/a b/model.onnx",
		"7f0000050000-7f0000060000 r--p 00000000 fe:00 15 /models/ab/model.onnx",
		"7f0000060000-7f0000070000 r--p 00000000 00:00 0 ",
		"7f0000070000-7f0000080000 r--p 00000000 00:00 0                          [vvar]",
		"not a mapping",
		"",
	}, "\n")
	want := []mapping{{0x400000, 0x405000}, {0x7f0000000000, 0x7f0000010000}}
	if got := mappedBelow("/models/a", readOnly, maps); !slices.Equal(got, want) {
		t.Errorf("%x, want %x", got, want)
	}
	if got, want := mappedBelow("/models/a b", readOnly, maps), []mapping{{0x7f0000040000, 0x7f0000050000}}; !slices.Equal(got, want) {
		t.Errorf("with a space: %x, want %x", got, want)
	}
	if got, want := mappedBelow("/models/a", code, maps), []mapping{{0x7f0000020000, 0x7f0000030000}}; !slices.Equal(got, want) {
		t.Errorf("code: %x, want %x", got, want)
	}
}

// The matrix products have packed copies of the weights. So an open engine must not hold
// the pages of the file as well, but must still be able to read them.
func TestOpenEngineHoldsNoWeightsTwice(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc to look into")
	}
	e := openWith(t, Config{})
	folder, err := filepath.Abs(e.Folder.Path)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := os.Stat(filepath.Join(folder, "onnx", "model.onnx_data"))
	if err != nil {
		t.Fatal(err)
	}
	if held := residentBelow(t, folder); held > weights.Size()/10 {
		t.Errorf("%d bytes of the model's files are in memory, of %d", held, weights.Size())
	}
	before := embed(t, e, "Bread needs time.").Vectors
	e.letGoOfFiles()
	if after := embed(t, e, "Bread needs time.").Vectors; !slices.Equal(before, after) {
		t.Error("the vector is another one after the weights were let go once more")
	}
}

func TestProgramCodeIsLetGo(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc to look into")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	before := residentBelow(t, filepath.Dir(program))
	letGoOfProgram()
	if after := residentBelow(t, filepath.Dir(program)); after >= before {
		t.Errorf("%d bytes of the program's file are in memory, %d before", after, before)
	}
}

// residentBelow returns how many bytes of files below a folder are in this
// process's memory.
func residentBelow(t *testing.T, folder string) (sum int64) {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(smaps)) {
		if strings.Contains(line, "-") && !strings.Contains(line, ": ") {
			inside = strings.Contains(line, " "+folder+"/")
		}
		var kilobytes int64
		if n, _ := fmt.Sscanf(line, "Rss: %d kB", &kilobytes); inside && n == 1 {
			sum += kilobytes << 10
		}
	}
	return sum
}
