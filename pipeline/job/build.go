package job

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/threadloom/threadloom/cluster"
	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms"
)

// build makes the pipeline: list → expand → filter → partition → embed or bridge →
// cluster. clusterAddr is the address of the Python side. If it is empty, the last step is
// left out. clustersLease is the lease of the folder of the clusters.
func build(s beam.Scope, c *config.Run, clusterAddr, clustersLease string) error {
	layout := c.Files.Layout()
	subreddits := transforms.List(s, c.Files.Subreddits)
	folders := transforms.Expand(s, layout, subreddits)
	missing, done := transforms.Filter(s, layout, c.Checking(), folders)
	local, mps := transforms.Partition(s, c.Workers.Partition(), missing)
	embedding := c.Embedding()
	var embedded beam.PCollection
	if c.Workers.Bridged() {
		// Neither branch waits for the other, and the scan waits for neither.
		here := transforms.Embed(s, embedding, transforms.BreakFusion(s, 1, local))
		embedded = beam.Flatten(s, here, transforms.Bridge(s, c.Bridge(), mps))
	} else {
		embedded = transforms.Embed(s, embedding, beam.Flatten(s, local, mps))
	}
	if clusterAddr == "" {
		// Prism (2.77) spins on a core for as long as a stage without outputs
		// runs, so something must take the files. Reshuffle would not do: Prism drops it.
		beam.GroupByKey(s, beam.AddFixedKey(s, embedded))
		return nil
	}
	embedder, err := embedder(c)
	if err != nil {
		return err
	}
	return cluster.Cluster(s, clusterAddr, cluster.Options{
		ClustersDir: c.Files.Clusters(), Lease: clustersLease, TextColumn: c.Files.TextColumn, By: c.Clustering.By, Seed: c.Clustering.Seed,
		TimeColumn: c.Clustering.TimeColumn,
		Method:     c.Clustering.Method, MinSize: c.Clustering.MinSize, Sample: c.Clustering.Sample,
		Embedder: embedder, NameURL: c.Clustering.NameURL, NameModel: c.Clustering.NameModel,
	}, beam.Flatten(s, done, embedded))
}

// embedder says how the Python side embeds words: with this program, if this program starts it.
// A Python side that runs already may be on a machine without the program, so it gets none.
func embedder(c *config.Run) (string, error) {
	if !c.Clustering.StartsPython() {
		return "", nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program, which embeds words for the names of clusters: %w", err)
	}
	b, err := json.Marshal(map[string]any{"command": []string{self, models.TextsCommand}, "model": c.Model.Config})
	if err != nil {
		return "", fmt.Errorf("telling the clustering how words are embedded: %w", err)
	}
	return string(b), nil
}
