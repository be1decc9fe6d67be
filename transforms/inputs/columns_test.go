package inputs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

func TestFindColumnsReadsAFewFilesOrAllIfItMust(t *testing.T) {
	tree := layout.New(t.TempDir(), "test")
	type usual struct {
		ID    string   `parquet:"chain_id"`
		Score int64    `parquet:"score"`
		Tags  []string `parquet:"tags"`
	}
	type rare struct {
		Flair string `parquet:"flair"`
	}
	subreddits := []string{"missing"}
	for i := range 20 {
		name := fmt.Sprintf("s%02d", i)
		subreddits = append(subreddits, name)
		for j := range 3 {
			path := filepath.Join(tree.Chains, name, fmt.Sprintf("%d.parquet", j))
			if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
				t.Fatal(err)
			}
			var err error
			switch {
			case i == 19 && j == 2:
				err = parquet.WriteFile(path, []rare{{"x"}})
			case j == 1:
				err = os.WriteFile(path, []byte("no Parquet"), 0o666)
			default:
				err = parquet.WriteFile(path, []usual{{"a", 1, nil}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	quick := FindColumns(inflight.NewReads(), tree, subreddits, []string{"score", "chain_id"})
	if len(quick.Missing) > 0 || quick.Read > quickFolders || quick.Files != 0 {
		t.Errorf("columns that every file has: %+v", quick)
	}
	some := FindColumns(inflight.NewReads(), tree, subreddits, []string{"flair"})
	if len(some.Missing) > 0 {
		t.Errorf("a column that one file has: %+v", some)
	}
	wrong := FindColumns(inflight.NewReads(), tree, subreddits, []string{"score", "scroe", "tags"})
	if !slices.Equal(wrong.Missing, []string{"scroe", "tags"}) || wrong.Read != 40 || wrong.Files != 60 {
		t.Errorf("columns that no file has as a scalar one: %+v", wrong)
	}
	if !slices.Equal(wrong.Columns, []string{"chain_id", "flair", "score"}) {
		t.Errorf("the files have %v", wrong.Columns)
	}
}
