"""The server as the Go side uses it: a child process that answers one expansion."""

import os
import signal
import subprocess
import sys
import time

import apache_beam as beam
import grpc
import pytest
from apache_beam.coders import RowCoder
from apache_beam.portability.api import (
    beam_expansion_api_pb2,
    beam_expansion_api_pb2_grpc,
    beam_runner_api_pb2,
)
from apache_beam.typehints.schemas import named_fields_to_schema

from threadloom.cluster.beam.transform import URN, Payload
from threadloom.cluster.settings import Settings


@pytest.fixture
def server():
    process = subprocess.Popen(
        [sys.executable, "-m", "threadloom.cluster.beam.server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    line = process.stdout.readline()
    assert line.startswith("ready 127.0.0.1:"), line
    process.address = line.split()[1]
    yield process
    process.kill()
    process.wait()


def ended(process):
    start = time.monotonic()
    process.wait(timeout=20)
    return time.monotonic() - start


def test_it_ends_with_its_standard_input(server):
    server.stdin.close()
    assert ended(server) < 20  # a wait that timed out has raised


def test_it_ends_at_sigterm(server):
    os.kill(server.pid, signal.SIGTERM)
    ended(server)
    assert server.returncode == -signal.SIGTERM


def expand(address, urn):
    values = Settings(clusters_dir="somewhere", seed=1).__dict__
    schema = named_fields_to_schema({name: type(value) for name, value in values.items()})
    row = beam.Row(**values)
    payload = Payload(schema=schema, payload=RowCoder(schema).encode(row))
    pipeline = beam.Pipeline()
    jobs = pipeline | beam.Create([("all", b"{}")]).with_output_types(tuple[str, bytes])
    proto, context = pipeline.to_runner_api(return_context=True)
    request = beam_expansion_api_pb2.ExpansionRequest(
        components=proto.components,
        namespace="test",
        transform=beam_runner_api_pb2.PTransform(
            unique_name="cluster",
            spec=beam_runner_api_pb2.FunctionSpec(urn=urn, payload=payload.SerializeToString()),
            inputs={"in": context.pcollections.get_id(jobs)},
        ),
    )
    with grpc.insecure_channel(address) as channel:
        stub = beam_expansion_api_pb2_grpc.ExpansionServiceStub(channel)
        return stub.Expand(request)


def test_it_expands_its_one_transform(server):
    answer = expand(server.address, URN)
    assert not answer.error
    assert len(answer.transform.outputs) == 1


def test_it_expands_no_other(server):
    answer = expand(server.address, "beam:transforms:python:fully_qualified_named")
    assert answer.error
