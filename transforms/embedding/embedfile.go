package embedding

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"

	"github.com/threadloom/threadloom/models"
	"github.com/threadloom/threadloom/transforms/chainfile"
	"github.com/threadloom/threadloom/transforms/deadletter"
	"github.com/threadloom/threadloom/transforms/layout"
)

// chunksAhead is how many chunks of one file are in the engine at once: enough
// to keep it busy while a chunk is written.
const chunksAhead = 2

// errPanic is the error of a file at which a library panicked.
var errPanic = deadletter.Internal.Errorf("a library failed on this file; the log says where")

// FileStats is what embedding one file counted.
type FileStats struct {
	Rows, Tokens, AllTokens, Reused, Truncated, Repaired int64
}

// embedFile embeds one chains file and puts its output in place. A malformed file can make a
// library panic; embedFile returns this as an error.
func (e *Embedder) embedFile(ctx context.Context, engine *models.Engine, file layout.File, o Options) (stats FileStats, err error) {
	defer func() {
		if p := recover(); p != nil {
			slog.Error("a library panicked: please report this", "file", file.Input, "panic", p, "stack", string(debug.Stack()))
			err = errors.Join(errPanic, err)
		}
	}()
	out, err := chainfile.Start(o.Layout.Output(file))
	if err != nil {
		return stats, err
	}
	committed := false
	defer func() {
		if !committed { // after an error or a panic
			err = errors.Join(err, out.Abort())
		}
	}()
	in, err := chainfile.Open(o.Layout.Input(file), o.TextColumn, o.Keep)
	if err != nil {
		return stats, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	if o.FixedSizeLists {
		out.FixedSize = engine.Folder.Dimension
	}
	out.Begin(in, o.Model.LongText == models.Chunk)
	if stats, err = e.copyRows(ctx, engine, in, out, e.beginRows(file, in.Rows)); err != nil {
		return stats, err
	}
	if stats.Rows != in.Rows {
		return stats, deadletter.Damaged.Errorf("the footer says %d rows, the file has %d", in.Rows, stats.Rows)
	}
	if err := in.Unchanged(); err != nil {
		return stats, err
	}
	err = out.Commit(fingerprint(engine, in))
	committed = err == nil
	return stats, err
}

// copyRows embeds all rows of in and writes them to out, in order. It calls embedded for each
// text, or chunk of a text, once its vector is there.
func (e *Embedder) copyRows(ctx context.Context, engine *models.Engine, in *chainfile.Reader, out *chainfile.Writer, embedded func(models.Embedded)) (stats FileStats, err error) {
	stream := engine.Stream(ctx)
	defer stream.Close()
	stream.Embedded, stream.Queued = embedded, e.queued.add
	in.Memory, in.Idle = e.pages, stream.Idle
	type open struct {
		chunk chainfile.Chunk
		job   *models.Job
	}
	var queue []open
	defer func() { // the engine uses a job's memory until the job has ended
		for _, q := range queue {
			_, _ = stream.Wait(q.job)
		}
	}()
	for end := false; !end || len(queue) > 0; {
		for !end && len(queue) < chunksAhead {
			chunk, err := in.Next()
			if errors.Is(err, io.EOF) {
				end = true
				break
			}
			if err != nil {
				return stats, err
			}
			job, err := stream.Submit(chunk.Texts)
			if err != nil {
				return stats, err
			}
			chunk.Texts = nil // free the memory: they may be long
			queue = append(queue, open{chunk, job})
		}
		if len(queue) == 0 {
			break
		}
		q := queue[0]
		queue = queue[1:]
		result, err := stream.Wait(q.job)
		if err != nil {
			return stats, deadletter.EmbeddingFailed.Wrap(fmt.Errorf("embedding: %w", err))
		}
		err = out.Write(q.chunk, chainfile.Embeddings{
			Vectors: result.Vectors, Tokens: result.Tokens, Truncated: result.Truncated, Chunks: result.Chunks,
		})
		if err != nil {
			return stats, err
		}
		stats.add(result)
	}
	return stats, nil
}

func (s *FileStats) add(r models.Result) {
	s.Rows += int64(len(r.Tokens))
	s.AllTokens += r.AllTokens
	s.Reused += r.Reused
	s.Repaired += r.Repaired
	for i, n := range r.Tokens {
		s.Tokens += int64(n)
		if r.Truncated[i] {
			s.Truncated++
		}
	}
}
