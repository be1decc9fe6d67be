package transforms

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
	"github.com/threadloom/threadloom/transforms/layout"
)

func init() {
	register.DoFn1x2[layout.File, int, layout.File](&groupFn{})
	register.DoFn3x0[int, func(*layout.File) bool, func(layout.File)](&ungroupFn{})
	register.Iter1[layout.File]()
}

// BreakFusion makes the runner put the steps after it into a stage of their own: it
// turns a PCollection<File> into the same PCollection<File>. Without it, one branch of
// a pipeline waits while another works. Reshuffle would not do, because Prism ignores
// it. A hash of its name puts each file into a group. A group is never divided.
func BreakFusion(s beam.Scope, groups int, files beam.PCollection) beam.PCollection {
	s = s.Scope("transforms.BreakFusion")
	return beam.ParDo(s, &ungroupFn{}, beam.GroupByKey(s, beam.ParDo(s, &groupFn{Groups: groups}, files)))
}

type groupFn struct{ Groups int }

func (f *groupFn) ProcessElement(file layout.File) (int, layout.File) {
	return int(layout.Draw(file.Input) * float64(f.Groups)), file
}

type ungroupFn struct{}

func (*ungroupFn) ProcessElement(_ int, files func(*layout.File) bool, emit func(layout.File)) {
	for file := (layout.File{}); files(&file); {
		emit(file)
	}
}
