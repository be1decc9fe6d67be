"""The worker pool, asked by two machines of a cluster that number their workers alike."""

import threading

import grpc
import pytest
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc, endpoints_pb2
from apache_beam.utils import thread_pool_executor

from threadloom.cluster.beam import services

NUMBER = "1-1"


class Machine(beam_fn_api_pb2_grpc.BeamFnControlServicer):
    """Has a worker connected to it until it hangs up, or the worker does."""

    def __init__(self):
        self.connected, self.hang_up, self.left = (threading.Event() for _ in range(3))
        self.server = grpc.server(thread_pool_executor.shared_unbounded_instance())
        beam_fn_api_pb2_grpc.add_BeamFnControlServicer_to_server(self, self.server)
        self.address = f"127.0.0.1:{self.server.add_insecure_port('127.0.0.1:0')}"
        self.server.start()

    def Control(self, responses, context):
        def read() -> None:
            for _ in responses:
                pass
            self.left.set()

        threading.Thread(target=read, daemon=True).start()
        self.connected.set()
        self.hang_up.wait()
        yield from ()


@pytest.fixture
def machines():
    both = Machine(), Machine()
    yield both
    for machine in both:
        machine.hang_up.set()
        machine.server.stop(0).wait()


def workers() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == f"run_worker_{NUMBER}"]


def test_one_machine_does_not_stop_the_worker_of_another(machines, until):
    pool = services.Workers(use_process=False)
    for machine in machines:
        at = endpoints_pb2.ApiServiceDescriptor(url=machine.address)
        request = beam_fn_api_pb2.StartWorkerRequest(worker_id=NUMBER, control_endpoint=at)
        assert not pool.StartWorker(request, None).error
        assert machine.connected.wait(30)
    one, other = machines
    assert not pool.StopWorker(beam_fn_api_pb2.StopWorkerRequest(worker_id=NUMBER), None).error
    one.hang_up.set()
    until(lambda: len(workers()) == 1)  # the worker of the machine that hung up ends
    assert not other.left.wait(0.5)
    other.hang_up.set()
    until(lambda: not workers())
