package doctor

import (
	"context"
	"os"

	"github.com/threadloom/threadloom/pipeline/config"
	"github.com/threadloom/threadloom/runners"
)

func checkFlink(ctx context.Context, f config.Flink) []Finding {
	if f.FlinkMaster == "" && f.Runner != "flink" {
		return nil
	}
	runner, err := runners.Named("flink", f.Options)
	if err == nil {
		err = runner.Check(ctx)
	}
	if err != nil {
		return []Finding{fail("docs/flink.md says how a cluster is set up", "%v", err)}
	}
	if _, err := os.Stat(f.Boot); err != nil {
		return []Finding{warn("run 'make flink' on every machine of the cluster, or name where it is there with --flink_boot", "%s answers; no boot program %s on this machine", f.FlinkMaster, f.Boot)}
	}
	return []Finding{ok("%s answers; java and the job server are here", f.FlinkMaster)}
}
