"""Beam's three gRPC services, on one port, for this package's transform alone.

The expansion service turns the transform's URN into a piece of pipeline. The worker pool runs that
piece in this process. The artifact service gives nothing away, because the code is already here.

Beam has no passwords: whoever can reach the port can make the worker pool run code. So the port is
on 127.0.0.1 unless somebody asks for another address.
"""

from collections.abc import Iterator

import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import (
    beam_artifact_api_pb2,
    beam_artifact_api_pb2_grpc,
    beam_expansion_api_pb2,
    beam_expansion_api_pb2_grpc,
    beam_fn_api_pb2,
    beam_fn_api_pb2_grpc,
)
from apache_beam.runners.portability import expansion_service
from apache_beam.runners.worker import worker_pool_main
from apache_beam.utils import thread_pool_executor

from threadloom.cluster.beam.transform import URN


class Expansions(expansion_service.ExpansionServiceServicer):
    """Expands this package's transform, and nothing else that Beam could make from a request."""

    def Expand(
        self,
        request: beam_expansion_api_pb2.ExpansionRequest,
        context: grpc.ServicerContext | None = None,
    ) -> beam_expansion_api_pb2.ExpansionResponse:
        """Answer a request; a refusal or an error is in the response's `error`."""
        urn = request.transform.spec.urn
        if urn != URN:
            error = f"this server expands {URN} only, not {urn!r}"
            return beam_expansion_api_pb2.ExpansionResponse(error=error)
        return super().Expand(request, context)


class NoArtifacts(beam_artifact_api_pb2_grpc.ArtifactRetrievalServiceServicer):
    """Gives away no files, because Beam's own service would read any path that it is asked for."""

    def ResolveArtifacts(
        self, request: beam_artifact_api_pb2.ResolveArtifactsRequest, context: grpc.ServicerContext
    ) -> beam_artifact_api_pb2.ResolveArtifactsResponse:
        """Return the artifacts as they were asked for, because there is nothing better to offer."""
        return beam_artifact_api_pb2.ResolveArtifactsResponse(replacements=request.artifacts)

    def GetArtifact(
        self, request: beam_artifact_api_pb2.GetArtifactRequest, context: grpc.ServicerContext
    ) -> Iterator[beam_artifact_api_pb2.GetArtifactResponse]:
        """Refuse every request."""
        context.abort(grpc.StatusCode.PERMISSION_DENIED, "this server has no artifacts")


class Workers(worker_pool_main.BeamFnExternalWorkerPoolServicer):
    """Runs a worker in this process for each of a cluster's machines that asks.

    Every machine numbers its workers from 1, and Beam's own pool knows a worker by its number. So
    if one machine is done, that pool would stop the worker of another in the middle of its work.
    """

    def StopWorker(
        self,
        stop_worker_request: beam_fn_api_pb2.StopWorkerRequest,
        unused_context: grpc.ServicerContext,
    ) -> beam_fn_api_pb2.StopWorkerResponse:
        """Do nothing: a worker ends when the machine that asked for it hangs up."""
        return beam_fn_api_pb2.StopWorkerResponse()


def start(listen: str = "127.0.0.1:0") -> tuple[grpc.Server, str]:
    """Start serving on HOST:PORT, or on a free port for 0; returns the server and its address."""
    host, colon, number = listen.rpartition(":")
    if not colon or not number.isdigit():
        raise ValueError("want HOST:PORT, such as 127.0.0.1:8097")
    # Without SO_REUSEPORT no second process can listen on the port. The size of messages has no
    # limit, so that a large pipeline can be expanded.
    server = grpc.server(
        thread_pool_executor.shared_unbounded_instance(),
        options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)],
    )
    address = f"{host}:{server.add_insecure_port(listen)}"
    # A single EXTERNAL environment, because Flink's runner would pick one with docker if it could.
    # "container" for the SDK means that nothing has to be installed where the step runs.
    options = PipelineOptions(
        [
            "--environment_type=EXTERNAL",
            f"--environment_config={address}",
            "--sdk_location=container",
        ]
    )
    beam_expansion_api_pb2_grpc.add_ExpansionServiceServicer_to_server(Expansions(options), server)
    beam_artifact_api_pb2_grpc.add_ArtifactRetrievalServiceServicer_to_server(NoArtifacts(), server)
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(
        Workers(use_process=False), server
    )
    server.start()
    return server, address
