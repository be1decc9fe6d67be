package runners

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/apache/beam/sdks/v2/go/container/tools"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/runtime/harness"
	fnpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/fnexecution_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/util/grpcx"
	"google.golang.org/grpc"
)

// loopback runs the DoFns of all of a cluster's TaskManagers in this process, as
// Beam's own LOOPBACK does. But Beam's knows a worker by its number alone, and each
// TaskManager numbers its workers from 1. If there are two TaskManagers, the second one
// gets no worker, and the job is started again until the numbers happen to differ.
type loopback struct {
	fnpb.UnimplementedBeamFnExternalWorkerPoolServer
	ctx     context.Context // ends all workers
	cancel  context.CancelFunc
	server  *grpc.Server
	workers sync.WaitGroup
	address string
	empty   string // the file that is staged in place of a worker binary
}

// startLoopback listens on the loopback device, and sets Beam's flags so that the job comes here.
func startLoopback(ctx context.Context) (l *loopback, err error) {
	empty, err := os.CreateTemp("", "threadloom-loopback-*")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err = errors.Join(err, empty.Close()); err != nil {
		return nil, errors.Join(err, os.Remove(empty.Name()))
	}
	l = &loopback{server: grpc.NewServer(), address: listener.Addr().String(), empty: empty.Name()}
	l.ctx, l.cancel = context.WithCancel(ctx)
	fnpb.RegisterBeamFnExternalWorkerPoolServer(l.server, l)
	go func() { _ = l.server.Serve(listener) }() // an error fails the job, which finds no worker
	*jobopts.EnvironmentType, *jobopts.EnvironmentConfig, *jobopts.WorkerBinary = "EXTERNAL", l.address, l.empty
	return l, nil
}

// StartWorker starts a worker for one TaskManager. The worker ends when the TaskManager
// closes its control stream, or when this process's part of the job ends.
func (l *loopback) StartWorker(_ context.Context, r *fnpb.StartWorkerRequest) (*fnpb.StartWorkerResponse, error) {
	if l.ctx.Err() != nil {
		return &fnpb.StartWorkerResponse{Error: "the driver is ending"}, nil
	}
	ctx := grpcx.WriteWorkerID(l.ctx, r.GetWorkerId())
	var options harness.Options
	if at := r.GetProvisionEndpoint().GetUrl(); at != "" {
		info, err := tools.ProvisionInfo(ctx, at)
		if err != nil {
			return &fnpb.StartWorkerResponse{Error: fmt.Sprintf("asking %s what to run: %v", at, err)}, nil
		}
		options.StatusEndpoint = info.GetStatusEndpoint().GetUrl()
		options.RunnerCapabilities = info.GetRunnerCapabilities()
	}
	l.workers.Go(func() {
		// If this fails, the control stream ends, so that the TaskManager sees it.
		_ = harness.MainWithOptions(ctx, r.GetLoggingEndpoint().GetUrl(), r.GetControlEndpoint().GetUrl(), options)
	})
	return &fnpb.StartWorkerResponse{}, nil
}

// StopWorker does nothing, because it does not know which TaskManager asks. The worker
// ends with its control stream.
func (*loopback) StopWorker(context.Context, *fnpb.StopWorkerRequest) (*fnpb.StopWorkerResponse, error) {
	return &fnpb.StopWorkerResponse{}, nil
}

// stop ends the workers.
func (l *loopback) stop() error {
	l.cancel()
	l.server.Stop()
	l.workers.Wait()
	return os.Remove(l.empty)
}
