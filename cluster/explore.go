package cluster

import (
	"context"

	"github.com/threadloom/threadloom/transforms/layout"
)

// Page is a page that shows the clusters, and the data that it reads.
type Page struct {
	Scripts  string `json:"page"` // folder with index.html
	Data     string `json:"data"` // folder with metadata.json and dataset.parquet
	Rows     int64  `json:"rows"`
	Shown    int64  `json:"shown"` // rows on the page; fewer than Rows if it has a sample
	Clusters int64  `json:"clusters"`
	Reused   bool   `json:"reused"` // the data were there

	Warnings []string `json:"-"`
}

// Explore makes the data of the page that shows the clusters in clustersDir, unless an earlier call
// made them. It runs python -m threadloom.cluster.explore. group is "all", or the subreddit whose
// clusters they are; files are those that were clustered.
func Explore(ctx context.Context, python, clustersDir, group string, files []layout.File) (p Page, err error) {
	if err := checkFolder("the folder of the clusters", clustersDir); err != nil {
		return p, err
	}
	request := map[string]any{"clusters_dir": clustersDir, "group": group, "jobs": files}
	p.Warnings, err = askPython(ctx, python, "threadloom.cluster.explore", "making the page", request, &p)
	return p, err
}
