"""A file that ends the process which embeds it is told from one that was only open then."""

import os
import signal
import time

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
def kill(program, root, until):
    """Return kill(): kill a run while it has the file "bad" open."""

    def kill() -> None:
        process = program.start(*root.flags)
        until(lambda: any(f".{process.pid}." in path.name for path in root.unfinished))
        process.kill()
        process.communicate()
        assert len(root.unfinished) == 1

    return kill


def notes(root) -> list[str]:
    """Return how the names of the crash notes end: how many processes ended with a file open."""
    return [path.suffix for path in (root.path / "embeddings").rglob(".*.crashes-*")]


def texts(spoil, seed: int, rows: int) -> bytes:
    words = " ".join(f"word{seed + k}" for k in range(120))
    return spoil.written(pa.table({"text": [f"{seed} {n} {words}" for n in range(rows)]}))


EMBEDS = " embed-isolated "  # in the command line of the process of isolated files


@pytest.fixture
def at_work(root, processes):
    """Return at_work(): the process of isolated files once it has a file open, else None."""

    def at_work() -> int | None:
        for process in processes(EMBEDS):
            if any(f".{process}." in path.name for path in root.unfinished):
                return process
        return None

    return at_work


def test_a_kill_is_no_evidence_against_the_files_that_were_open(program, root, kill, processes):
    kill()
    process = program.start(*root.flags)
    isolated = []
    while process.poll() is None:
        isolated += processes(EMBEDS)
        time.sleep(0.02)
    ended = program.end(process)
    assert ended.code == 0, ended.errors
    assert not isolated
    assert "ended while 1 of its files were open" in ended.errors
    assert (ended.summary["files_done"], ended.summary["rows"]) == (1, LONG)
    assert pq.read_metadata(root.outputs["bad"]).num_rows == LONG
    assert root.unfinished == notes(root) == []


def test_a_file_that_ends_its_process_is_a_dead_letter_and_the_run_goes_on(
    program, root, until, kill, at_work
):
    kill()
    kill()
    assert notes(root) == [".crashes-1"]
    for name in ("f1", "f3"):  # work for the run itself
        root.outputs[name].unlink()
    for _ in range(2):  # the run after the next one knows it, too
        process = program.start(*root.flags)
        os.kill(until(at_work), signal.SIGSEGV)  # as a fault in a C library would
        ended = program.end(process)
        assert ended.code == 3, ended.errors
        assert "SIGSEGV" in ended.errors
        assert root.codes == {"bad": "process_lost"}
        assert "process of its own" in root.letters["bad"]
        assert len(root.outputs) == FILES
        assert len(root.unfinished) == len(notes(root)) == 1
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    assert pq.read_metadata(root.outputs["bad"]).num_rows == LONG
    assert root.letters == {}
    assert root.unfinished == notes(root) == []


def test_a_file_that_was_open_in_two_killed_runs_is_embedded_apart(
    program, root, until, kill, processes, at_work
):
    kill()
    kill()
    process = program.start(*root.flags)
    until(at_work)
    process.kill()
    process.communicate()
    until(lambda: not processes(EMBEDS))  # it ends with its run
    assert len(root.unfinished) == 1  # and the file is still isolated
    process = program.start(*root.flags)
    until(at_work)
    ended = program.end(process)
    assert ended.code == 0, ended.errors
    assert "another process embeds them" in ended.errors
    assert (ended.summary["files_done"], ended.summary["rows"]) == (1, LONG)
    assert pq.read_metadata(root.outputs["bad"]).num_rows == LONG
    assert root.unfinished == notes(root) == []
    assert not processes(EMBEDS)
