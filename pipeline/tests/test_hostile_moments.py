"""Signals in the middle of a run, and inputs that change while they are read."""

import os
import random
import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FILES, ROWS = 12, 25
LONG = 120  # rows
MOMENTS = 6  # at which it is killed


def chains(spoil, seed: int, rows: int = ROWS) -> bytes:
    """Return a file of texts that are in no other."""
    draw = random.Random(seed)
    words = [
        "bread",
        "oven",
        "dough",
        "salt",
        "water",
        "yeast",
        "crust",
        "crumb",
        "proof",
        "starter",
    ]
    texts = [f"{seed} {n} " + " ".join(draw.choices(words, k=30)) for n in range(rows)]
    return spoil.written(pa.table({"text": texts}), row_group_size=20)


@pytest.fixture
def root(new_root, tmp_path, spoil):
    root = new_root(tmp_path)
    root.put({f"f{n:02}": chains(spoil, n) for n in range(FILES)})
    return root


def whole(root, rows: int = ROWS) -> bool:
    """Return whether all outputs that are there are whole."""
    return all(pq.read_table(p).num_rows == rows for p in root.outputs.values())


def writing(root) -> bool:
    """Return whether a file is being written."""
    return bool(root.unfinished)


def test_killed_at_any_moment_it_goes_on_from_there(program, root, until):
    done = 0
    for moment in range(MOMENTS):
        process = program.start(*root.flags)
        until(lambda p=process: writing(root) or p.poll() is not None)
        time.sleep(moment * 0.06)
        process.kill()
        process.communicate()
        assert whole(root)
        assert len(root.outputs) >= done
        done = len(root.outputs)
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    assert ended.summary["files_done"] == FILES - done
    assert len(root.outputs) == FILES
    assert whole(root)
    assert root.unfinished == []


@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_stops_it_at_once(program, root, until, first):
    process = program.start(*root.flags)
    until(lambda: writing(root))
    process.send_signal(first)
    time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    ended = program.end(process)
    assert ended.code in (130, 128 + first), ended.errors  # the open ones may have been done
    assert "panic" not in ended.errors
    assert whole(root)
    again = program.run(*root.flags)
    assert again.code == 0, again.errors
    assert len(root.outputs) == FILES
    assert root.unfinished == []


def test_stopped_and_continued_it_ends_well(program, root, until):
    process = program.start(*root.flags)
    until(lambda: writing(root))
    for _ in range(8):
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        assert whole(root)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.05)
    ended = program.end(process)
    assert ended.code == 0, ended.errors
    assert len(root.outputs) == FILES
    assert whole(root)


def overwrite(path, spoil) -> None:
    with path.open("r+b") as file:
        file.write(b"x" * 3000)


def replace(path, spoil) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(spoil.good())
    new.rename(path)


CHANGES = {
    "deleted": lambda path, spoil: path.unlink(),
    "replaced": replace,
    "emptied": lambda path, spoil: os.truncate(path, 0),
    "cut": lambda path, spoil: os.truncate(path, path.stat().st_size // 2),
    "overwritten": overwrite,
    "longer": lambda path, spoil: os.truncate(path, path.stat().st_size + 100),
}


@pytest.mark.parametrize("change", CHANGES)
def test_inputs_that_change_while_they_are_read(program, new_root, tmp_path, spoil, until, change):
    root = new_root(tmp_path)
    root.put({f"f{n}": chains(spoil, n, LONG) for n in range(4)})
    process = program.start(*root.flags)
    until(lambda: len(root.unfinished) == 4)  # all are open
    for path in root.chains.glob("*.parquet"):
        CHANGES[change](path, spoil)
    ended = program.end(process)
    assert "panic" not in ended.errors
    assert root.unfinished == []
    if change == "deleted":
        assert ended.code == 0, ended.errors
        assert len(root.outputs) == 4
        assert whole(root, LONG)
        return
    assert ended.code == 3, ended.errors
    assert root.outputs == {}
    assert set(root.letters) == {f"f{n}" for n in range(4)}
    if change in ("replaced", "longer"):
        assert set(root.codes.values()) == {"changed_while_read"}
    if change == "replaced":
        again = program.run(*root.flags)
        assert again.code == 0, again.errors
        assert whole(root, len(spoil.TEXTS))
