"""A folder that becomes a link between the look at it and its use is not followed."""

import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.worker import chains, codes, files, places
from threadloom.worker.codes import Failure
from threadloom.worker.jobs import PathMap, parse
from threadloom.worker.model import Tokens

ROWS = 3


@pytest.fixture
def outside(tmp_path) -> Path:
    """Return a folder beside the root; an output there would have the input's name."""
    folder = tmp_path / "outside"
    folder.mkdir()
    pq.write_table(pa.table({"text": ["secret"] * (ROWS + 1)}), folder / "a.parquet")
    return folder


@pytest.fixture
def work(root) -> places.Work:
    """Return a job's files, as they are before a folder is swapped; links inside are followed."""
    for name in ("in", "out"):
        (root / f"real {name}").mkdir()
        (root / name).symlink_to(root / f"real {name}")
    pq.write_table(pa.table({"text": ["a text"] * ROWS}), root / "in" / "a.parquet")
    paths = {f"{k}put_path": str(root / k / "a.parquet") for k in ("in", "out")}
    return places.Places([str(root)], PathMap([])).resolve(parse(json.dumps(paths).encode()), {})


def swap(folder: Path, outside: Path) -> None:
    """Put a link that leads out in a folder's place."""
    folder.rename(folder.with_name("away"))
    folder.symlink_to(outside)


def embed(target: files.Target) -> None:
    """Write vectors for all rows."""
    vectors = np.ones((ROWS, 4), np.float32)
    target.write([], Tokens([[101]] * ROWS, np.zeros(ROWS, bool)), vectors)
    target.commit({})
    target.close()


def test_what_nobody_changes_is_read_and_written(root, work):
    source = chains.Source(work.input, "text", ())
    assert files.rows_of(work.output) is None
    embed(files.Target(work.output, source))
    source.close()
    assert files.rows_of(work.output) == ROWS
    assert os.listdir(root / "real out") == ["a.parquet"]


def test_an_input_behind_a_new_link_is_not_read(root, work, outside):
    swap(root / "real in", outside)
    with pytest.raises(Failure, match="real in") as failed:
        chains.Source(work.input, "text", ())
    assert failed.value.code == codes.CANNOT_OPEN


def test_an_input_that_becomes_a_link_is_not_read(root, work, outside):
    (root / "in" / "a.parquet").unlink()
    (root / "in" / "a.parquet").symlink_to(outside / "a.parquet")
    with pytest.raises(Failure, match="symbolic link") as failed:
        chains.Source(work.input, "text", ())
    assert failed.value.code == codes.CANNOT_OPEN


def test_no_output_is_begun_behind_a_new_link(root, work, outside):
    source = chains.Source(work.input, "text", ())
    swap(root / "real out", outside)
    with pytest.raises(OSError, match="real out"):
        files.Target(work.output, source)
    assert files.rows_of(work.output) is None
    assert os.listdir(outside) == ["a.parquet"]


def test_an_output_that_was_begun_stays_in_its_folder(root, work, outside):
    before = (outside / "a.parquet").read_bytes()
    source = chains.Source(work.input, "text", ())
    target = files.Target(work.output, source)
    swap(root / "real out", outside)
    embed(target)
    assert os.listdir(root / "away") == ["a.parquet"]
    assert os.listdir(outside) == ["a.parquet"]
    assert (outside / "a.parquet").read_bytes() == before
    aborted = files.Target(places.Below(str(root), str(root / "away" / "b.parquet")), source)
    aborted.abort()
    aborted.close()
    assert os.listdir(outside) == ["a.parquet"]
