"""Real redis-servers and real workers, forked from this process so that torch is loaded once."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.export.source import packaged
from threadloom.worker import model, places, worker
from threadloom.worker.jobs import PathMap
from threadloom.worker.keys import Keys
from threadloom.worker.lease import Lease
from threadloom.worker.queue import Queue, connect

QUEUE = "q"
LEASE = 0.4  # seconds
# Counts the jobs in all lists at one moment. Two questions could miss a job that moves between.
UNSETTLED = """
local n = redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])
for _, active in ipairs(redis.call('KEYS', ARGV[1])) do
  n = n + redis.call('LLEN', active)
end
return n
"""
GOLDEN = Path(__file__).parents[2] / "golden"


@pytest.fixture
def server(start_redis, request):
    """Start a server, of the kind that the test is parametrised with."""
    kind = getattr(request, "param", None)
    server = start_redis(kind) if kind else start_redis()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def encoder():
    import torch

    torch.set_num_threads(1)  # a forked process cannot use the threads of its parent
    return model.Encoder(packaged(), "cpu")


@pytest.fixture
def root(tmp_path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


class Bridge:
    """A queue, a folder of files, and the workers of a test."""

    def __init__(self, server, root: Path, encoder: model.Encoder):
        self.server, self.root, self.encoder = server, root, encoder
        self.redis, self.keys = server.client, Keys(QUEUE)
        self.workers: list[multiprocessing.Process] = []

    def file(self, name: str, rows: int = 3) -> bytes:
        """Write an input of a few rows; return its job."""
        path = self.root / "in" / f"{name}.parquet"
        path.parent.mkdir(exist_ok=True)
        pq.write_table(pa.table({"id": list(range(rows)), "text": ["some text"] * rows}), path)
        return self.job(path)

    def job(self, path: Path) -> bytes:
        out = self.root / "out" / path.name
        job = {"input_path": str(path), "output_path": str(out)}
        return json.dumps(job, separators=(",", ":")).encode()

    def put(self, *jobs: bytes) -> None:
        self.redis.rpush(self.keys.todo, *jobs)  # as a plain producer does

    def start(
        self, change: Callable = lambda: None, url: str = "", lease: float = LEASE, idle: float = 0
    ) -> multiprocessing.Process:
        """Fork a worker, changed by a function beforehand."""
        arguments = (change, url or self.server.url, lease, idle or None)
        process = multiprocessing.get_context("fork").Process(target=self._work, args=arguments)
        process.start()
        self.workers.append(process)
        return process

    def _work(self, change, url: str, lease: float, idle: float | None) -> None:
        worker.FIRST_DELAY = 0.05
        change()
        mine, loaders, heart = (Queue(connect(url), QUEUE) for _ in range(3))
        held = Lease(heart, lease, stall=600)
        where = places.Places([str(self.root)], PathMap([]))
        w = worker.Worker(mine, loaders, held, self.encoder, where, "tiny")
        signals = []

        def handle(*_):
            signals.append(1)
            if len(signals) > 1:
                raise worker.Interrupted
            w.stop()

        signal.signal(signal.SIGTERM, handle)
        try:
            w.run(idle)
        except worker.Interrupted:
            os._exit(9)
        os._exit(0)

    def outputs(self) -> list[str]:
        """Return the names of the outputs; all must be whole and nothing else lie beside them."""
        names = sorted(p.name for p in (self.root / "out").glob("*"))
        for name in names:
            assert pq.read_table(self.root / "out" / name).num_rows > 0
        return names

    def settled(self) -> bool:
        """Whether no job is in any list."""
        return not self.redis.eval(
            UNSETTLED, 2, self.keys.todo, self.keys.delayed, self.keys.active("*")
        )

    def dead(self) -> dict[bytes, dict]:
        found = self.redis.hgetall(self.keys.dead)
        return {job: json.loads(why) for job, why in found.items()}

    def events(self) -> list[str]:
        return [fields[b"event"].decode() for _, fields in self.redis.xrange(self.keys.events)]


@pytest.fixture
def bridge(server, root, encoder):
    bridge = Bridge(server, root, encoder)
    yield bridge
    for process in bridge.workers:
        process.kill()
        process.join()


@pytest.fixture(scope="session")
def embedder(encoder):
    """Return a worker that has no Redis, only an open folder, and embeds with some settings."""

    class Silent:
        name = "silent"

        def moved(self) -> None: ...

        def embedded(self, rows: int, seconds: float) -> None: ...

        def roots(self) -> dict:
            return {}

    def embed(path: Path, out: Path, **settings: object) -> None:
        where = places.Places([str(path.parent), str(out.parent.parent)], PathMap([]))
        w = worker.Worker(Silent(), Silent(), Silent(), encoder, where, "tiny")
        job = {"input_path": str(path), "output_path": str(out)}
        prepared = worker.Prepared(json.dumps(job).encode(), "silent")
        w._open(prepared)
        chosen = replace(prepared.work.settings, **settings)
        prepared.work = replace(prepared.work, settings=chosen)
        w._embed(prepared)

    return embed


@pytest.fixture
def write(embedder, tmp_path):
    """Return the output that the worker makes of a file's bytes with some settings."""

    def write(data: bytes, **settings: object) -> bytes:
        source, out = tmp_path / "in.parquet", tmp_path / "out" / "in.parquet"
        source.write_bytes(data)
        out.unlink(missing_ok=True)
        embedder(source, out, **settings)
        return out.read_bytes()

    return write


@pytest.fixture(scope="session")
def golden():
    return lambda name: json.loads((GOLDEN / name).read_text(encoding="utf-8"))
