package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"

	"github.com/threadloom/threadloom/transforms/subreddits"
)

func init() {
	register.Function3x1(listFn)
	register.Emitter1[string]()
}

// List reads the list of subreddits at path and returns a PCollection<string> of subreddits.
func List(s beam.Scope, path string) beam.PCollection {
	s = s.Scope("transforms.List")
	return beam.ParDo(s, listFn, beam.Create(s, path))
}

func listFn(_ context.Context, path string, emit func(string)) error {
	names, err := subreddits.Read(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		emit(name)
	}
	return nil
}
