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

// BreakFusion has what comes after it run in a stage of its own: it turns a
// PCollection<File> into the same PCollection<File>. Otherwise one branch of a
// pipeline waits while another works; Prism takes no notice of Reshuffle. The
// files are in groups, by a hash of their names; a group is never divided.
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
