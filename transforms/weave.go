package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/inflight"
)

func init() {
	register.DoFn4x1[context.Context, int, func(*int) bool, func(int64), error](&weaveFn{})
	register.Emitter1[int64]()
}

// Weave makes the chains of an import: it turns the PCollection<KV<int, int>> of ScanDumps into a
// PCollection<int64>, how many chains each bucket has.
func Weave(s beam.Scope, chains string, dumps beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.Weave")
	return beam.ParDo(s, &weaveFn{Chains: chains}, beam.GroupByKey(s, dumps))
}

type weaveFn struct {
	Chains string

	buckets inflight.Group[wovenBucket]
}

type wovenBucket struct {
	chains int64
	err    error
}

func (f *weaveFn) StartBundle(func(int64)) {}

func (f *weaveFn) ProcessElement(ctx context.Context, bucket int, _ func(*int) bool, _ func(int64)) error {
	work, err := ThisProcess().Import(f.Chains)
	if err != nil {
		return err
	}
	f.buckets.Begin(func() wovenBucket { // it waits for its turn
		woven, err := work.Weave(ctx, bucket)
		return wovenBucket{woven.Chains, err}
	})
	return nil
}

func (f *weaveFn) FinishBundle(_ context.Context, emit func(int64)) error {
	for _, b := range f.buckets.Rest() {
		if b.err != nil {
			return b.err
		}
		emit(b.chains)
	}
	return nil
}
