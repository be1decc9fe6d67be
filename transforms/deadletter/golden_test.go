package deadletter

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// The Python worker has the same codes (mpsbridge/worker/codes.py), and its tests read the same file.
func TestCodesAreTheGoldenOnes(t *testing.T) {
	b, err := os.ReadFile("../../mpsbridge/golden/codes.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []Code
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
}
