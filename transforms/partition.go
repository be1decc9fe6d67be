package transforms

import (
	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() { register.Function1x1(partitionFn) }

// The partitions, in the order in which Partition returns them.
const (
	localPartition = iota
	mpsPartition
	partitions
)

// Partition chooses who embeds a file: it turns a PCollection<File> into two,
// the files embedded here and those for Macs. The second is empty until there is
// a bridge to them.
func Partition(s beam.Scope, files beam.PCollection) (local, mps beam.PCollection) {
	s = s.Scope("transforms.Partition")
	p := beam.Partition(s, partitions, partitionFn, files)
	return p[localPartition], p[mpsPartition]
}

func partitionFn(File) int { return localPartition }
