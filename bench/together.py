"""Measure how well the pipeline and a worker share files, when one is three times as fast.

    python bench/together.py [--seconds 90]

Each runs on a core of its own, and the slower one is stopped for a part of each tenth of a second.
First each is timed with files of its own, while the other works, too, because the cores share
caches. Then both run over the same uneven files (1 to 5,000 comments), with one Redis. If neither
is idle while files wait, the time follows from the sum of both speeds. This needs two cores, and
Redis or Valkey, which set-up brings.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import product
import pyarrow as pa
import pyarrow.parquet as pq
import redis

from threadloom.export.source import packaged

SUFFIX = "comments"
QUEUE = "bench"
LARGEST = 5000  # rows of a file
PERIOD = 0.1  # seconds; the slower one is stopped once in each
APART = 100  # rows of a file when each is timed alone
WINDOW = 60.0  # seconds in which finished files are counted
TIMES = 3  # how much faster one is than the other


def main() -> None:
    """Print a line for each side that is slowed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=90, help="about how long each run takes")
    seconds = parser.parse_args().seconds
    files = sorted((product.corpus(SUFFIX) / "chains" / SUFFIX).glob("*/*.parquet"))
    texts = pa.concat_tables([pq.read_table(f, columns=["text"]) for f in files])
    order = list(range(len(texts)))
    random.Random(1).shuffle(order)
    texts = texts.take(order)
    product.build()
    with server() as url:
        here, there = apart(texts, url)
        print(f"not slowed: pipeline {here:.0f} rows/s, worker {there:.0f} rows/s", flush=True)
        for name, times in (("pipeline", TIMES), ("worker", 1 / TIMES)):
            # The share of the time in which each may run. For one of them it is 1.
            of_pipeline, of_worker = min(1, times * there / here), min(1, here / there / times)
            speeds = apart(texts, url, of_pipeline, of_worker)
            with new_root(texts, sizes(round(seconds * sum(speeds)))) as root:
                rows = sum(pq.read_metadata(f).num_rows for f in root.rglob("*.parquet"))
                took, by_worker = both(root, url, of_pipeline, of_worker)
            ratio = took * sum(speeds) / rows
            print(f"{name} {TIMES} times as fast: {speeds[0]:.0f} and {speeds[1]:.0f} rows/s, "
                  f"{rows} rows in {took:.1f} s, {ratio:.3f} of the time by the sum of the "
                  f"speeds; the worker embedded {by_worker} files", flush=True)  # fmt: skip


def sizes(rows: int) -> list[int]:
    """Return sizes of files, from 1 to LARGEST, with this sum."""
    chance, found = random.Random(2), []
    while (left := rows - sum(found)) > 0:
        found.append(min(left, round(LARGEST ** chance.random())))
    return found


@contextlib.contextmanager
def new_root(texts: pa.Table, rows: list[int]) -> Iterator[Path]:
    """Lay out files with these numbers of rows, as one subreddit."""
    with product.scratch("together-") as root:
        folder = product.new_root(root, "bench", "bench") / "bench"
        start = 0
        for number, size in enumerate(rows):
            taken = texts.take([i % len(texts) for i in range(start, start + size)])
            pq.write_table(taken, folder / f"part-{number:05d}.parquet")
            start += size
        yield root


def apart(texts: pa.Table, url: str, of_pipeline: float = 1, of_worker: float = 1) -> list[float]:
    """Return the rows per second of the pipeline and of the worker, each with its own files."""
    enough = [APART] * 600
    with new_root(texts, enough) as mine, new_root(texts, enough) as its:
        out = its / "embeddings" / "bench" / "bench"
        out.mkdir(parents=True)
        jobs = [{"input_path": str(f), "output_path": str(out / f.name)}
                for f in sorted((its / "chains").rglob("*.parquet"))]  # fmt: skip
        client = redis.Redis.from_url(url)
        client.rpush(QUEUE, *map(json.dumps, jobs))
        with (
            pipeline(mine, url, "--mps_share=0") as process,
            worker(its, url) as mac,
            slowed(process, of_pipeline),
            slowed(mac, of_worker),
        ):
            while any(len(outputs(root)) < 5 for root in (mine, its)):
                time.sleep(0.1)
            time.sleep(WINDOW)
        client.flushall()
        return [speed(root) for root in (mine, its)]


def outputs(root: Path) -> list[float]:
    """Return when each output was finished, in order."""
    return sorted(f.stat().st_mtime for f in (root / "embeddings").glob("*/*/*.parquet"))


def speed(root: Path) -> float:
    """Return the rows per second over the outputs of the last WINDOW seconds."""
    ends = outputs(root)
    ends = [end for end in ends if end >= ends[-1] - WINDOW]
    return APART * (len(ends) - 1) / (ends[-1] - ends[0])


def both(root: Path, url: str, of_pipeline: float, of_worker: float) -> tuple[float, int]:
    """Run pipeline and worker; return the seconds and how many files the worker embedded."""
    files = len(list((root / "chains").rglob("*.parquet")))
    with worker(root, url) as mac, slowed(mac, of_worker):
        wait_for_worker(url)
        with pipeline(root, url) as process, slowed(process, of_pipeline):
            seconds = until_done(root, files)
            process.wait()
    fingerprints = [pq.read_schema(f).metadata[b"threadloom.fingerprint"]
                    for f in (root / "embeddings").rglob("*.parquet")]  # fmt: skip
    return seconds, sum(b"sentence-transformers-cpu" in f for f in fingerprints)


def wait_for_worker(url: str) -> None:
    """Wait until a worker has registered."""
    client = redis.Redis.from_url(url)
    while not client.zcard(f"{QUEUE}:workers"):
        time.sleep(0.05)


def until_done(root: Path, files: int) -> float:
    """Wait for all outputs; return the seconds from the first open file to the last output."""
    start, out = 0.0, root / "embeddings"
    while True:
        start = start or (time.time() if next(out.rglob("*.tmp"), None) else 0.0)
        if len(ends := outputs(root)) == files:
            return ends[-1] - start
        time.sleep(0.02)


@contextlib.contextmanager
def running(core: int, *command: object) -> Iterator[subprocess.Popen]:
    """Run a command on one core."""
    process = subprocess.Popen(
        [str(c) for c in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def pipeline(root: Path, url: str, *flags: object):
    """Run the pipeline on the first core."""
    return running(0, product.BUILT, "--root", root, "--suffix=bench", "--cluster=false",
                   "--dedup_cache_mb=0", "--redis", url, "--queue", QUEUE, *flags)  # fmt: skip


def worker(root: Path, url: str):
    """Run a worker on the second core."""
    return running(1, sys.executable, "-m", "threadloom.worker", "--redis", url,
                   "--queue", QUEUE, "--root", root, "--model", packaged(), "--device=cpu",
                   "--threads=1")  # fmt: skip


@contextlib.contextmanager
def slowed(process: subprocess.Popen, share: float) -> Iterator[None]:
    """Let a process run in a share of the time only."""
    end = threading.Event()

    def run() -> None:
        while not end.wait(share * PERIOD) and process.poll() is None:
            process.send_signal(signal.SIGSTOP)
            end.wait((1 - share) * PERIOD)
            process.send_signal(signal.SIGCONT)

    thread = threading.Thread(target=run)
    if share < 1:
        thread.start()
    try:
        yield
    finally:
        end.set()
        if share < 1:
            thread.join()


@contextlib.contextmanager
def server() -> Iterator[str]:
    """Run a Redis or Valkey; yield its URL."""
    programs = [Path(sys.executable).parent / f"{kind}-server" for kind in ("redis", "valkey")]
    program = next(p for p in programs if p.exists())
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    flags = f"--port {port} --bind 127.0.0.1 --loglevel warning --save".split()
    process = subprocess.Popen([program, *flags, ""])
    try:
        yield f"redis://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


if __name__ == "__main__":
    main()
