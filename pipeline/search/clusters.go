package search

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/rooted"
	"github.com/threadloom/threadloom/transforms/searchfile"
)

// The files of a clustering, and the columns of its labels.
const (
	labelsFile      = "labels.parquet"
	clustersFile    = "clusters.json"
	labelColumn     = "label"
	subredditColumn = "subreddit"
)

// clusters are those of a suffix, of all chains together or of each subreddit. There may be none.
type clusters struct {
	folder  string
	folders []string // with labels
}

// cluster is where a chain is.
type cluster struct {
	label int64
	name  string
}

func openClusters(folder string) *clusters {
	c := &clusters{folder: folder}
	if info, err := os.Stat(filepath.Join(folder, labelsFile)); err == nil && info.Mode().IsRegular() {
		c.folders = []string{folder}
		return c
	}
	found, _ := filepath.Glob(filepath.Join(folder, "*", labelsFile)) // --cluster_by=subreddit
	for _, path := range found {
		c.folders = append(c.folders, filepath.Dir(path))
	}
	return c
}

// members returns the keys of the chains in some clusters.
func (c *clusters) members(labels []int64) (map[uint64]bool, error) {
	if len(c.folders) == 0 {
		return nil, config.Usagef("--label: %s has no clusters: cluster the chains first, or search without --label", c.folder)
	}
	members := map[uint64]bool{}
	for _, folder := range c.folders {
		err := eachLabel(folder, func(key uint64, label int64) {
			if slices.Contains(labels, label) {
				members[key] = true
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return members, nil
}

// labels returns the clusters of the chains with some keys, for those that have one. Noise has none.
func (c *clusters) labels(keys map[uint64]bool) (map[uint64]cluster, error) {
	found := map[uint64]cluster{}
	for _, folder := range c.folders {
		names, err := clusterNames(folder)
		if err != nil {
			return nil, err
		}
		err = eachLabel(folder, func(key uint64, label int64) {
			if keys[key] {
				found[key] = cluster{label, names[label]}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// eachLabel calls visit for each chain that has a chain_id.
func eachLabel(folder string, visit func(key uint64, label int64)) error {
	var keys []uint64
	var labels []int64
	var ids []bool
	var last []byte // the subreddit of the previous row; part is its part of the key
	var part uint64
	flush := func() {
		for i, key := range keys {
			if ids[i] {
				visit(key, labels[i])
			}
		}
	}
	var first int64
	scan := chainfile.OutputScan{
		Memory: chainfile.NewMemory(),
		Group: func(row, rows int64) {
			flush()
			first = row
			keys, labels, ids = make([]uint64, rows), make([]int64, rows), make([]bool, rows)
		},
		Columns: map[string]func(int64, chainfile.Cell){
			searchfile.IDColumn: func(row int64, cell chainfile.Cell) {
				if id := cell.Bytes(); len(id) > 0 {
					keys[row-first] += searchfile.IDKey(id)
					ids[row-first] = true
				}
			},
			subredditColumn: func(row int64, cell chainfile.Cell) {
				if name := cell.Bytes(); last == nil || string(name) != string(last) {
					last = append(make([]byte, 0, len(name)+1), name...)
					part = searchfile.SubredditKey(string(name))
				}
				keys[row-first] += part
			},
			labelColumn: func(row int64, cell chainfile.Cell) { labels[row-first], _ = cell.Int() },
		},
	}
	at := rooted.Path{Root: folder, Path: filepath.Join(folder, labelsFile)}
	if err := scan.Scan(at, 0); err != nil {
		return fmt.Errorf("reading the labels: %w", err)
	}
	flush()
	return nil
}

// clusterNames returns the names of the clusters by their labels.
func clusterNames(folder string) (map[int64]string, error) {
	path := filepath.Join(folder, clustersFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var content struct {
		Clusters []struct {
			Label int64  `json:"label"`
			Name  string `json:"name"`
		} `json:"clusters"`
	}
	if err == nil {
		err = json.Unmarshal(b, &content)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the names of the clusters, %s: %w", path, err)
	}
	names := map[int64]string{}
	for _, c := range content.Clusters {
		names[c.Label] = c.Name
	}
	return names, nil
}
