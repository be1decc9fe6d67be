// Package remote has files embedded by workers on other machines, through the queue of mpsbridge,
// and embeds here what they do not get to. It knows nothing of Beam.
package remote

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/threadloom/threadloom/mpsbridge"
	"github.com/threadloom/threadloom/transforms/embedding"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/layout"
)

// Options say how files reach the workers.
type Options struct {
	Embed        embedding.Options // for files that are taken back
	Redis        string            // URL
	Queue        string
	PathMap      []string      // FROM=TO: this machine's paths to those in the jobs
	ClaimTimeout time.Duration // after which a job that no worker has begun is taken back
	LostAfter    time.Duration // after which a job that is in no list is put in again
	Spread       bool          // several machines run the pipeline's DoFns
}

// Client is this process's end of the queue.
type Client struct {
	options  Options
	reads    inflight.Reads
	embedder *embedding.Embedder
	queue    *mpsbridge.Queue
	paths    mpsbridge.PathMap
}

// Open connects to the queue. The embedder embeds the files that are taken back from it.
func Open(ctx context.Context, o Options, reads inflight.Reads, embedder *embedding.Embedder) (c *Client, err error) {
	c = &Client{options: o, reads: reads, embedder: embedder}
	if c.paths, err = mpsbridge.ParsePathMaps(o.PathMap); err != nil {
		return nil, err
	}
	c.queue, err = mpsbridge.Open(ctx, o.Redis, o.Queue)
	return c, err
}

// Close closes the connections.
func (c *Client) Close() error { return c.queue.Close() }

// Enqueue puts jobs in, those of big files first. It ignores errors, because Await puts in again what
// is missing.
func (c *Client) Enqueue(ctx context.Context, files []layout.File) {
	var jobs []string
	for _, in := range c.sized(files) {
		if raw, err := c.jobOf(in.file); err == nil { // otherwise it is embedded here
			jobs = append(jobs, raw)
		}
	}
	_, _ = c.queue.Enqueue(ctx, jobs, true)
}

// Await waits for files, and reports each of them once. An error ends the bundle.
func (c *Client) Await(ctx context.Context, files []layout.File, r embedding.Reporter) error {
	b := newBatch(c.queue, c.embedder.NewBundle(c.options.Embed), disk{c.options.Embed.Layout}, systemClock{}, c.embedder, c.options)
	for _, in := range slices.Backward(c.sized(files)) { // the biggest last
		raw, err := c.jobOf(in.file)
		if err != nil {
			raw = ""
		}
		b.add(in.file, raw, in.size)
	}
	return b.await(ctx, r)
}

// await reports the files of a batch until all have ended, or an error ends the bundle.
func (b *batch) await(ctx context.Context, r embedding.Reporter) error {
	err := b.run(ctx, func(ended []embedding.Outcome) error {
		return b.embedder.Report(b.options.Embed.Layout.DeadLetters(), ended, r)
	})
	if errors.Is(err, embedding.ErrInterrupted) {
		b.embedder.WaitDrained() // the error ends the whole run, and with it the other bundles
	}
	return err
}
