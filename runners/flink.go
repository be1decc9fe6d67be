package runners

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/universal"
)

// flinkRunner submits jobs to a Flink cluster through Beam's job server. Each of
// Flink's TaskManagers runs the boot program of runners/flink/boot, which starts one
// worker process: a copy of this program (environment PROCESS).
type flinkRunner struct{ o Options }

// InProcess is false even with LOOPBACK, because Flink starts a failed task again, and
// this process would then count the first attempt, too.
func (flinkRunner) InProcess() bool { return false }

func (r flinkRunner) Check(ctx context.Context) error {
	o := r.o
	switch {
	case o.Endpoint != "" && o.FlinkMaster != "":
		return errors.New("--endpoint names a job server, which knows its Flink: leave out --flink_master")
	case o.Endpoint != "":
		if version, err := flinkREST(o.Endpoint).version(ctx); err == nil {
			return fmt.Errorf("--endpoint=%s is Flink %s itself and no Beam job server: use --flink_master=%s", o.Endpoint, version, o.Endpoint)
		}
		return nil
	case o.FlinkMaster == "":
		return errors.New("--runner=flink: want --flink_master=HOST:8081 ('make flink-up' starts a Flink on this machine), or --endpoint of a job server")
	case o.Async:
		return errors.New("--async: want --endpoint of a job server that outlives this program")
	}
	if _, err := flinkREST(o.FlinkMaster).version(ctx); err != nil {
		return fmt.Errorf("--flink_master=%s: no Flink answers there ('make flink-up' starts one on this machine): %w", o.FlinkMaster, err)
	}
	if _, err := exec.LookPath("java"); err != nil {
		return errors.New("--runner=flink: no java on this machine: install a JRE of version 11 or 17, or give --endpoint of a job server")
	}
	if _, err := os.Stat(o.JobServer); err != nil {
		return fmt.Errorf("no job server %s: run 'make flink', or name its jar with --flink_job_server", o.JobServer)
	}
	return nil
}

func (r flinkRunner) Run(ctx context.Context, p *beam.Pipeline) (res beam.PipelineResult, err error) {
	if *jobopts.JobName == "" { // Flink's page shows the name
		*jobopts.JobName = "threadloom" + strconv.FormatInt(time.Now().UnixNano(), 36)
	}
	end, err := r.environment(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	*jobopts.Endpoint = r.o.Endpoint
	if r.o.Endpoint == "" {
		server, err := startJobServer(ctx, r.o)
		if err != nil {
			return nil, fmt.Errorf("starting the job server: %w", err)
		}
		over := false
		defer func() { server.stop(over) }()
		*jobopts.Endpoint = server.endpoint
		res, err = untilDone(ctx, "Flink", p, universal.Execute)
		over = err == nil
		return res, err
	}
	res, err = untilDone(ctx, "Flink", p, universal.Execute)
	if r.o.Async {
		return nil, err
	}
	return res, err
}

// environment makes each TaskManager run a copy of this program, unless Beam's own
// flags say otherwise. The function that it returns must be called after the job.
func (r flinkRunner) environment(ctx context.Context) (end func() error, err error) {
	end = func() error { return nil }
	if *jobopts.EnvironmentType == "" {
		*jobopts.EnvironmentType = "PROCESS"
	}
	if jobopts.IsLoopback() {
		l, err := startLoopback(ctx)
		if err != nil {
			return nil, fmt.Errorf("starting to listen for Flink's work: %w", err)
		}
		return l.stop, nil
	}
	if !strings.EqualFold(*jobopts.EnvironmentType, "PROCESS") {
		return end, nil
	}
	if *jobopts.EnvironmentConfig == "" {
		config, err := json.Marshal(map[string]string{"command": r.o.Boot})
		if err != nil {
			return nil, err
		}
		*jobopts.EnvironmentConfig = string(config)
	}
	if *jobopts.WorkerBinary == "" {
		self, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("finding this program's file for the workers: %w", err)
		}
		*jobopts.WorkerBinary = self
	}
	return end, nil
}
