package importer

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestTextsBeyondMemoryAreReadFromAFile(t *testing.T) {
	folder := t.TempDir()
	kept := texts{most: 1000, folder: folder}
	for round := range 2 { // the second one uses what the first one left
		var spans []span
		var want []string
		for i := range 200 {
			text := strings.Repeat(strconv.Itoa(i), i%17)
			s, err := kept.add([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			spans, want = append(spans, s), append(want, text)
		}
		for i, s := range spans {
			got, err := kept.appendTo([]byte("x"), s)
			if err != nil || string(got) != "x"+want[i] {
				t.Fatalf("round %d, text %d: %q, %v; want %q", round, i, got, err, want[i])
			}
		}
		if kept.file == nil || len(kept.memory) > kept.most {
			t.Errorf("%d bytes are in memory, the file is %v", len(kept.memory), kept.file)
		}
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("the file has a name: %v", left)
		}
		if err := kept.reset(); err != nil {
			t.Fatal(err)
		}
	}
}
