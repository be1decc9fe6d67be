package transforms

import (
	"fmt"
	"math"
	"testing"

	"github.com/threadloom/threadloom/transforms/layout"
)

func TestForBridge(t *testing.T) {
	files := make([]layout.File, 20_000)
	for i := range files {
		files[i] = layout.File{Subreddit: fmt.Sprintf("sub%d", i%7), Input: fmt.Sprintf("/data/chains/c/sub%d/part-%05d.parquet", i%7, i)}
	}
	share := func(o PartitionOptions) float64 {
		n := 0
		for _, f := range files {
			if o.forBridge(f) {
				n++
			}
		}
		return float64(n) / float64(len(files))
	}
	for _, want := range []float64{0, .1, .5, .9, 1} {
		if got := share(PartitionOptions{Share: want}); math.Abs(got-want) > .015 {
			t.Errorf("share %g: got %g", want, got)
		}
	}
	if got := share(PartitionOptions{Subreddits: []string{"sub3"}}); math.Abs(got-1./7) > .001 {
		t.Errorf("one of seven subreddits: got %g", got)
	}
	smaller, larger := PartitionOptions{Share: .3}, PartitionOptions{Share: .6}
	for _, f := range files {
		if smaller.forBridge(f) && !larger.forBridge(f) {
			t.Fatalf("%s is in the smaller share but not in the larger", f.Input)
		}
	}
}
