package transforms

import (
	"context"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/threadloom/threadloom/transforms/counters"
	"github.com/threadloom/threadloom/transforms/deadletter"
)

// setFolderAside makes a dead letter of a folder that cannot be listed; its files are left for
// a run that can.
func setFolderAside(ctx context.Context, deadLetters, step, folder string, err error) error {
	log.Warnf(ctx, "dead letter: %q: %s", folder, deadletter.Reason(err))
	thisProcess.Count(ctx, counters.FilesDeadLettered, 1)
	return deadletter.Append(deadLetters, deadletter.OfFolder(folder, step, err))
}
