package cluster

import (
	"context"
	"errors"

	"github.com/threadloom/threadloom/transforms/layout"
)

// Assignment is how new chains were assigned; its field names are those of assigned.json.
type Assignment struct {
	Rows             int64   `json:"rows"`
	Files            int64   `json:"files"`
	NoiseRows        int64   `json:"noise_rows"`
	NoiseShare       float64 `json:"noise_share"`
	FittedNoiseShare float64 `json:"fitted_noise_share"` // the share to expect among rows like those that the clusters were found with
	Drift            float64 `json:"drift"`              // how much more is noise now
	Clusters         []struct {
		Label       int     `json:"label"`
		Name        string  `json:"name"`
		Rows        int64   `json:"rows"`
		Share       float64 `json:"share"`
		FittedShare float64 `json:"fitted_share"`
		New         bool    `json:"new"` // made of these chains, which fitted no cluster
	} `json:"clusters"`
	FilesLeftOut int64     `json:"files_left_out"`
	LeftOut      []LeftOut `json:"left_out"`
	Warnings     []string  `json:"warnings"` // about columns
	Grown        string    `json:"grown"`    // folder of the model with new clusters; empty if there is none
	Seconds      float64   `json:"seconds"`
}

// Assign puts the embedded chains of files into the clusters of a model, a folder
// that a run wrote, and leaves assigned.parquet and assigned.json in clustersDir, on
// which the caller holds the lease. If it is to grow, it makes new clusters of chains that fit none,
// and leaves a model with these in clustersDir, too. It runs python -m threadloom.cluster.assign;
// cancelling ctx ends that.
func Assign(ctx context.Context, python, model, clustersDir, lease, textColumn string, grow bool, files []layout.File) (a Assignment, err error) {
	if err := errors.Join(checkFolder("the folder of the clusters", clustersDir), checkFolder("the model's folder", model)); err != nil {
		return a, err
	}
	request := map[string]any{
		"model": model, "clusters_dir": clustersDir, "lease": lease, "text_column": textColumn, "grow": grow, "jobs": files,
	}
	_, err = askPython(ctx, python, "threadloom.cluster.assign", "assigning", request, &a)
	return a, err
}
