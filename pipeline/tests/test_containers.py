"""Two containers with one host name write into one folder: neither deletes what the other writes.

A container is a PID namespace here, made by unshare. Both see the same host name.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.export.source import packaged

UNSHARE = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")
# How many processes a container starts first, so that the PIDs in two containers differ.
LATER = 'i=0; while [ $i -lt "$0" ]; do /bin/true; i=$((i+1)); done; "$@"; exit $?'
AROUND = "/bin/true"  # in the command lines of the processes around a container's program
QUEUE = "containers"
LONG = 300  # rows of the file during which a process is stopped


@pytest.fixture
def container():
    """Return container(before, command): start a command in a container."""
    tried = subprocess.run([*UNSHARE, "true"], capture_output=True, text=True)
    if tried.returncode:
        why = f"no PID namespaces (unshare --pid --mount-proc wants root): {tried.stderr}"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(why)
    running = []

    def start(before: int, *command: object) -> subprocess.Popen:
        words = (*UNSHARE, "sh", "-c", LATER, before, *command)
        running.append(
            subprocess.Popen(
                [str(w) for w in words],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def server(start_redis):
    return start_redis()


@pytest.fixture
def root(new_root, tmp_path):
    root = new_root(tmp_path)
    for name, rows in (("long", LONG), ("short", 3)):
        words = " ".join(f"word{k}" for k in range(120))
        texts = [f"{n} {words}" for n in range(rows)]
        pq.write_table(pa.table({"text": texts}), root.chains / f"{name}.parquet")
    return root


def worker(server, root) -> tuple[object, ...]:
    """Return the command of a worker on the root, which ends when it has done all."""
    return (
        *(sys.executable, "-m", "threadloom.worker", "--redis", server.url, "--queue", QUEUE),
        *("--root", root.path, "--model", packaged(), "--device=cpu", "--threads=1"),
        *("--lease=10m", "--until_idle=3s"),
    )


def job(root, name: str) -> str:
    out = root.path / "embeddings" / "test" / "all" / f"{name}.parquet"
    return f'{{"input_path":"{root.chains / out.name}","output_path":"{out}"}}'


@pytest.fixture
def stopped_at_work(root, until, processes):
    """Return stopped_at_work(words): stop the process of these words once it has a file open."""
    stopped = []

    def stop(*words: str) -> tuple[int, Path]:
        until(lambda: root.unfinished)
        (pid,) = {*processes(*words)} - {*processes(AROUND)}
        os.kill(pid, signal.SIGSTOP)
        stopped.append(pid)
        return pid, root.unfinished[0]

    yield stop
    for pid in stopped:
        os.kill(pid, signal.SIGCONT) if Path(f"/proc/{pid}").exists() else None


def ended_well(process: subprocess.Popen) -> None:
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said


def test_nothing_of_a_worker_is_deleted(
    server, root, program, container, stopped_at_work, processes
):
    server.client.rpush(QUEUE, job(root, "long"))
    first = container(300, *worker(server, root))
    pid, file = stopped_at_work(f"{sys.executable} -m threadloom.worker")
    server.client.rpush(QUEUE, job(root, "short"))
    ended_well(container(0, *worker(server, root)))
    assert "short" in root.outputs
    assert file.exists(), "a worker in another container deleted it"
    ended_well(container(0, program.path, *root.flags))
    assert file.exists(), "a pipeline in another container deleted it"
    os.kill(pid, signal.SIGCONT)
    ended_well(first)
    assert root.unfinished == []
    assert pq.read_metadata(root.outputs["long"]).num_rows == LONG


def test_nothing_of_a_pipeline_is_deleted(
    server, root, program, container, stopped_at_work, processes
):
    (root.chains / "short.parquet").rename(root.path / "short.parquet")
    first = container(300, program.path, *root.flags)
    pid, file = stopped_at_work(str(program.path), "--suffix")
    (root.path / "short.parquet").rename(root.chains / "short.parquet")
    server.client.rpush(QUEUE, job(root, "short"))
    ended_well(container(0, *worker(server, root)))
    assert "short" in root.outputs
    assert file.exists(), "a worker in another container deleted it"
    os.kill(pid, signal.SIGCONT)
    ended_well(first)
    assert root.unfinished == []
    assert pq.read_metadata(root.outputs["long"]).num_rows == LONG
