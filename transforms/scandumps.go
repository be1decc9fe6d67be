package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/inflight"
	"github.com/threadloom/threadloom/transforms/runs"
)

func init() {
	register.DoFn4x1[context.Context, int, func(*int) bool, func(int, int), error](&scanDumpFn{})
	register.Function1x2(keyedByItself)
	register.Emitter2[int, int]()
	register.Iter1[int]()
}

// ScanDumps reads the dumps of an import, whose plan lies in the chains folder: it turns a
// PCollection<int> of the dumps' numbers into a PCollection<KV<int, int>>, a bucket and the number of
// a dump that may have posts in it.
func ScanDumps(s beam.Scope, chains string, dumps beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.ScanDumps")
	// Each dump is a group of its own, so that the dumps are spread over all machines.
	apart := beam.GroupByKey(s, beam.ParDo(s, keyedByItself, dumps))
	return beam.ParDo(s, &scanDumpFn{Chains: chains}, apart)
}

func keyedByItself(dump int) (int, int) { return dump, dump }

type scanDumpFn struct {
	Chains string

	scans inflight.Group[scannedDump]
}

type scannedDump struct {
	number int
	err    error
}

func (f *scanDumpFn) StartBundle(func(int, int)) {}

func (f *scanDumpFn) ProcessElement(ctx context.Context, number int, _ func(*int) bool, _ func(int, int)) error {
	work, err := ThisProcess().Import(f.Chains)
	if err != nil {
		return err
	}
	f.scans.Begin(func() scannedDump { // it waits for its turn
		_, err := work.Scan(ctx, number)
		return scannedDump{number, err}
	})
	return nil
}

func (f *scanDumpFn) FinishBundle(_ context.Context, emit func(int, int)) error {
	for _, s := range f.scans.Rest() {
		if s.err != nil {
			return s.err
		}
		for bucket := range runs.Buckets {
			emit(bucket, s.number)
		}
	}
	return nil
}
