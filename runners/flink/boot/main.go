// Command boot starts a worker process for a Flink TaskManager: it fetches the
// program that was staged for the job, runs it, and cleans up.
//
// When the TaskManager stops it or dies, Beam's own boot program leaves the worker
// running, and its copy in the temporary folder. This one ends the worker and removes
// the copy, both at SIGTERM and when its parent has gone.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/artifact"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
)

const (
	// parentCheck is how often boot checks that its TaskManager is still there.
	parentCheck = 500 * time.Millisecond
	// grace is how long a worker may take to end.
	grace = 3 * time.Second
)

// The flags are Beam's contract for a worker's container:
// https://s.apache.org/beam-fn-api-container-contract.
var (
	id        = flag.String("id", "", "the worker's `name`")
	provision = flag.String("provision_endpoint", "", "`HOST:PORT` that tells the other endpoints and the job's options")
	_         = flag.String("logging_endpoint", "", "told by the provision endpoint")
	_         = flag.String("artifact_endpoint", "", "told by the provision endpoint")
	_         = flag.String("control_endpoint", "", "told by the provision endpoint")
	_         = flag.String("semi_persist_dir", "", "not used: the copy of the program lies in the temporary folder")
)

func main() {
	flag.Parse()
	if *id == "" || *provision == "" {
		fmt.Fprintln(os.Stderr, "error: want --id and --provision_endpoint: Flink starts this program")
		os.Exit(2)
	}
	parent := os.Getppid()
	parented, orphaned := context.WithCancel(context.Background())
	ctx, _ := signal.NotifyContext(parented, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	go func() {
		for os.Getppid() == parent {
			time.Sleep(parentCheck)
		}
		orphaned()
	}()
	if err := run(ctx); err != nil {
		host, _ := os.Hostname() // a message without the name is better than none
		fmt.Fprintf(os.Stderr, "error: worker %s on %s: %v\n", *id, host, err)
		os.Exit(1)
	}
}

// run fetches the program and runs it to its end, or until ctx ends. A worker needs no time to save
// anything, because an output gets its name only when it is whole.
func run(ctx context.Context) (err error) {
	asking := grpcx.WriteWorkerID(context.WithoutCancel(ctx), *id)
	info, err := tools.ProvisionInfo(asking, *provision)
	if err != nil {
		return fmt.Errorf("asking %s about the job: %w", *provision, err)
	}
	dir, err := os.MkdirTemp("", "threadloom-worker-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	program, err := fetch(asking, info, dir)
	if err != nil {
		return fmt.Errorf("fetching the program: %w", err)
	}
	options, err := tools.ProtoToJSON(info.GetPipelineOptions())
	if err != nil {
		return fmt.Errorf("reading the job's options: %w", err)
	}
	optionsFile := filepath.Join(dir, "options.json")
	if err := os.WriteFile(optionsFile, []byte(options), 0o600); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, "--worker=true", "--id="+*id,
		"--logging_endpoint="+info.GetLoggingEndpoint().GetUrl(),
		"--control_endpoint="+info.GetControlEndpoint().GetUrl())
	cmd.Env = append(os.Environ(), "PIPELINE_OPTIONS_FILE="+optionsFile,
		"RUNNER_CAPABILITIES="+strings.Join(info.GetRunnerCapabilities(), " "))
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = grace
	if err := cmd.Run(); err != nil && ctx.Err() == nil {
		return fmt.Errorf("running the program: %w", err)
	}
	return nil
}

// fetch gets the staged program into dir and returns its path.
func fetch(ctx context.Context, info *fnpb.ProvisionInfo, dir string) (string, error) {
	files, err := artifact.Materialize(ctx, info.GetArtifactEndpoint().GetUrl(), info.GetDependencies(), info.GetRetrievalToken(), dir)
	if err != nil {
		return "", err
	}
	for _, f := range files {
		if len(files) == 1 || f.GetRoleUrn() == artifact.URNGoWorkerBinaryRole {
			name, _ := artifact.MustExtractFilePayload(f)
			path := filepath.Join(dir, name)
			return path, os.Chmod(path, 0o700)
		}
	}
	return "", fmt.Errorf("none of the %d staged files is a Go program", len(files))
}
