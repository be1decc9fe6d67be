"""One run a suffix: the second ends with 4 and has published and written nothing."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pyarrow as pa
import pytest


@pytest.fixture
def root(new_root, tmp_path):
    return new_root(tmp_path)


def other_list(root, spoil) -> Path:
    folder = root.chains.parent / "other"
    folder.mkdir()
    (folder / "o.parquet").write_bytes(spoil.good())
    path = root.path / "other.json"
    path.write_text(json.dumps(["other"]))
    return path


def leases(folder: Path) -> list[Path]:
    return list(folder.rglob("*.lease"))


def test_a_run_over_another_list_is_refused_and_changes_nothing(
    program, root, spoil, until, start_redis
):
    root.put({f"f{n}": spoil.good() for n in range(300)})
    bridge = start_redis()
    flags = (*root.flags, "--redis", bridge.url, "--queue=q", "--mps_subreddits=other")
    listed = other_list(root, spoil)
    first = program.start(*flags, "--prompt=first: ")
    until(lambda: bridge.client.hgetall("q:roots"))
    published = bridge.client.hgetall("q:roots")
    second = program.run(*flags, "--subreddits", listed, "--prompt=second: ", "--keep=n_tokens")
    assert second.code == 4, second.errors
    assert "another run is at work: process" in second.errors
    assert bridge.client.hgetall("q:roots") == published
    assert not (root.path / "embeddings" / "test" / "other").exists()
    assert len(list((root.path / "embeddings").rglob("_runs/*.json"))) == 1
    assert program.end(first).code == 0
    assert len(root.outputs) == 300
    assert not leases(root.path)


def test_assign_is_refused_while_a_run_holds_the_clusters(program, root, spoil):
    root.put({"f": spoil.good()})
    assert program.run(*root.flags).code == 0
    held = root.path / "clusters" / "test" / "_lease" / "00000003.lease"
    held.parent.mkdir(parents=True)
    held.write_text(json.dumps({"host": "node7", "machine": "another", "pid": 17}))
    flags = ("--root", root.path, "--suffix=test")
    ended = program.run(*flags)
    assert ended.code == 4
    assert "process 17 on node7" in ended.errors
    code, errors = assign(program, *flags, f"--model={root.path}")
    assert code == 4, errors
    assert [p.name for p in held.parent.parent.iterdir()] == ["_lease"]


def assign(program, *flags: object) -> tuple[int, str]:
    command = [program.path, "assign", "--json", *map(str, flags)]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stderr


def long_texts(spoil, number: int) -> bytes:
    """Return a file that takes a while, and has no text of another file."""
    texts = [f"{number} {n} " + "word " * 100 for n in range(100)]
    return spoil.written(pa.table({"text": texts}))


def test_a_run_that_was_suspended_stops_once_another_took_over(program, root, spoil, until):
    root.put({f"f{n}": long_texts(spoil, n) for n in range(60)} | {"bad": b"bad"})
    listed = other_list(root, spoil)
    first = program.start(*root.flags)
    [lease] = until(lambda: leases(root.path))
    until(lambda: root.outputs)
    first.send_signal(signal.SIGSTOP)
    silent = time.time() - 120
    os.utime(lease, (silent, silent))
    second = program.run(*root.flags, "--subreddits", listed)
    assert second.code in (0, 3), second.errors
    letters = root.path / "embeddings" / "test" / "_dead_letters.jsonl"
    stands = {"input": "/a", "output": "/b", "step": "embed", "error": "stands"}
    with letters.open("a") as file:
        file.write(2 * (json.dumps(stands) + "\n"))
    first.send_signal(signal.SIGCONT)
    ended = program.end(first)
    assert ended.code == 4, ended.errors
    assert "it took over because this run was suspended" in ended.errors
    # The run that lost the lease does not update the dead letters.
    assert letters.read_text().count("stands") == 2
    assert root.unfinished == []
    assert len(root.outputs) < 60
