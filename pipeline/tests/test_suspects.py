"""A file that ends the process which embeds it: noticed by the next run, and set aside."""

import os
import signal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FILES = 4
ROWS = 20
LONG = 200  # rows of the file that lasts


@pytest.fixture
def root(program, new_root, tmp_path, spoil):
    """Return a root with outputs of all files but "bad", at which a run was killed."""
    root = new_root(tmp_path)
    root.put({f"f{n}": texts(spoil, n, ROWS) for n in range(FILES)})
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    root.put({"bad": texts(spoil, FILES, LONG)})
    return root


@pytest.fixture
def killed(program, root, until):
    """Kill a run while it has the file "bad" open."""
    process = program.start(*root.flags)
    until(lambda: root.unfinished)
    process.kill()
    process.communicate()
    assert len(root.unfinished) == 1


def texts(spoil, seed: int, rows: int) -> bytes:
    words = " ".join(f"word{seed + k}" for k in range(120))
    return spoil.written(pa.table({"text": [f"{seed} {n} {words}" for n in range(rows)]}))


def suspects_process() -> int | None:
    """Return the number of the process that embeds suspects."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"\0embed-suspects\0" in line.read_bytes():
                return int(line.parent.name)
        except OSError:
            continue
    return None


def at_work(root) -> int | None:
    """Return the number of the process that embeds suspects once it has a file open."""
    process = suspects_process()
    return process if any(f"-{process}-" in path.name for path in root.unfinished) else None


@pytest.mark.usefixtures("killed")
def test_a_file_that_ends_its_process_is_a_dead_letter_and_the_run_goes_on(program, root, until):
    for name in ("f1", "f3"):  # work for the run itself
        root.outputs[name].unlink()
    for _ in range(2):  # the run after the next one knows it, too
        process = program.start(*root.flags)
        os.kill(until(lambda: at_work(root)), signal.SIGSEGV)  # as a fault in a C library would
        ended = program.end(process)
        assert ended.code == 3, ended.errors
        assert "SIGSEGV" in ended.errors
        assert root.letters.keys() == {"bad"}
        assert "process of its own" in root.letters["bad"]
        assert len(root.outputs) == FILES
        assert len(root.unfinished) == 1
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    assert pq.read_metadata(root.outputs["bad"]).num_rows == LONG
    assert root.letters == {}
    assert root.unfinished == []


@pytest.mark.usefixtures("killed")
def test_what_was_open_when_a_run_was_killed_is_embedded_apart(program, root, until):
    process = program.start(*root.flags)
    until(lambda: at_work(root))
    process.kill()
    process.communicate()
    until(lambda: not suspects_process())  # it ends with its run
    assert len(root.unfinished) == 1  # and the file is still a suspect
    process = program.start(*root.flags)
    until(lambda: at_work(root))
    ended = program.end(process)
    assert ended.code == 0, ended.errors
    assert "ended while 1 of its files were open" in ended.errors
    assert (ended.summary["files_done"], ended.summary["rows"]) == (1, LONG)
    assert pq.read_metadata(root.outputs["bad"]).num_rows == LONG
    assert root.unfinished == []
    assert not suspects_process()
