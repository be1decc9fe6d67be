"""Other programs than pyarrow, DuckDB and polars can read an output, too."""

import json
import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / "build" / "writers"
# The script of each reader; Spark takes longest.
SCRIPTS = {
    "spark_3_5": "spark", "spark_4": "spark", "dask": "dask", "fastparquet": "fastparquet",
    "duckdb_1_1": "duckdb", "duckdb_1_3": "duckdb", "duckdb_1_4": "duckdb", "arro3": "arro3",
    "chdb": "chdb",
}  # fmt: skip
ROWS = 60


@pytest.fixture(scope="module")
def rows(neighbour):
    return neighbour("writers.rows")


@pytest.fixture(scope="module")
def columns(rows) -> dict[str, list]:
    """Return the columns of the input."""
    return rows.rows("read", ROWS, True, [n for n in rows.READ if n != "embedding"])


@pytest.fixture(scope="module")
def output(columns, program, new_root, tmp_path_factory) -> Path:
    """Return an output with nulls in each kept column."""
    root = new_root(tmp_path_factory.mktemp("readers"))
    pq.write_table(pa.table(columns), root.chains / "a.parquet")
    ended = program.run(*root.flags)
    assert ended.code == 0, ended.errors
    return root.outputs["a"]


def read(reader: str, output: Path) -> subprocess.CompletedProcess | None:
    """Have a reader read the output; None if it is not installed."""
    folder = ENVIRONMENTS / reader
    if not (folder / "ready").exists():
        return None
    script = HERE / "writers" / f"{SCRIPTS[reader]}_reads.py"
    return subprocess.run(
        [folder / "bin" / "python", script, output], capture_output=True, text=True, timeout=600,
        env=os.environ | {"TZ": "UTC"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def readings(output) -> dict[str, subprocess.CompletedProcess | None]:
    """Return the result of each reader."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(SCRIPTS, pool.map(lambda r: read(r, output), SCRIPTS), strict=True))


@pytest.mark.parametrize("reader", SCRIPTS)
def test_it_reads_what_was_written(reader, readings, output, columns, rows, neighbour):
    done = readings[reader]
    if done is None:
        reason = f"{reader} could not be installed: make writers"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    for name, values in columns.items():
        if name != "text":
            assert [alike(v) for v in got[name]] == [alike(rows.plain(v)) for v in values], name
    want = neighbour("judges").vectors(output)
    assert np.abs(np.array(got["embedding"], np.float32) - want).max() < 1e-6


def alike(value: object) -> object:
    """Return a value in one form: some have no dates without a time, or print 0.50 as 0.5."""
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"-?\d+\.\d+", value):
        return Decimal(value)
    return value.removesuffix("T00:00:00")
