package job

import (
	"context"
	"errors"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/transforms/version"
)

// announce tells the workers on other machines what they must know about this run: how
// its files are embedded, and the secret by which they recognize its folder. If Redis does
// not answer, it fails before anything runs.
func announce(ctx context.Context, c *config.Run, model *models.Folder) (err error) {
	paths, err := mpsbridge.ParsePathMaps(c.Workers.PathMap)
	if err != nil {
		return err
	}
	queue, err := mpsbridge.Open(ctx, c.Workers.Redis.URL, c.Workers.Redis.Queue)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, queue.Close()) }()
	folder := c.Files.Layout().Embeddings
	nonce, err := mpsbridge.EnsureNonce(folder)
	if err != nil {
		return err
	}
	return queue.Publish(ctx, paths.Map(folder), mpsbridge.Settings{
		Nonce: nonce, TextColumn: c.Files.TextColumn, Keep: c.Outputs.Keep, FixedSizeLists: c.Outputs.FixedSizeLists,
		Prompt: c.Model.Prompt, LongText: c.Model.LongText,
		Model: model.Name, WeightsSHA256: model.WeightsSHA, TokenizerSHA256: model.TokenizerSHA,
		Pooling: model.Pooling, Normalized: model.Normalized,
		MaxSeqLength: model.MaxSeqLength, Dimension: model.Dimension, Version: version.Version,
	})
}
