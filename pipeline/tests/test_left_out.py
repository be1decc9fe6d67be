"""Files that cannot be clustered, and columns that differ, end no clustering of others."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

DIMENSION = 384
ROWS = 4
# Names that are not UTF-8, as old programs on Windows and on Linux give them.
LATIN = b"caf\xe9.parquet"


@dataclass
class Mixed:
    """A root whose subreddit "good" has some files that cannot be clustered, "bad" has no others.

    A run was made on it, with one clustering for each subreddit.
    """

    root: Path
    code: int
    summary: dict
    errors: str

    def output(self, subreddit: str, name: str) -> Path:
        return self.root / "embeddings" / "test" / subreddit / name

    def clusters(self, subreddit: str) -> Path:
        return self.root / "clusters" / "test" / subreddit


def chains(name: str, created: list) -> pa.Table:
    texts = [f"{name} number {i} went home" for i in range(ROWS)]
    ids = [f"{name}-{i}" for i in range(ROWS)]
    return pa.table({"chain_id": ids, "created_utc": created, "text": texts})


def embedded_by_another() -> pa.Table:
    """Return an output of another model."""
    vectors = pa.FixedSizeListArray.from_arrays(
        pa.array(np.ones(ROWS * DIMENSION, np.float32)), DIMENSION
    )
    mark = {"model": "other", "model_sha256": "ab", "precision": "bf16", "dimension": DIMENSION}
    table = pa.table({"chain_id": ["x"] * ROWS, "embedding": vectors})
    return table.replace_schema_metadata({"threadloom.fingerprint": json.dumps(mark)})


@pytest.fixture(scope="module")
def mixed(program, tmp_path_factory) -> Mixed:
    """Run once. A file in the place of an output counts as done, whatever it holds."""
    root = tmp_path_factory.mktemp("mixed")
    (root / "subreddits_list.json").write_text(json.dumps(["good", "bad"]))
    here = Mixed(root, 0, {}, "")
    inputs = {
        ("good", b"numbers.parquet"): chains("numbers", list(range(ROWS))),
        ("good", b"texts.parquet"): chains("texts", [str(i) for i in range(ROWS)]),
        ("good", b"flags.parquet"): chains("flags", [True] * ROWS),
        ("good", LATIN): chains("latin", [None] * ROWS),
        ("good", b"other.parquet"): chains("other", list(range(ROWS))),
        ("good", b"broken.parquet"): chains("broken", list(range(ROWS))),
        ("bad", b"broken.parquet"): chains("bad", list(range(ROWS))),
    }
    for (subreddit, name), table in inputs.items():
        folder = os.fsencode(root / "chains" / "test" / subreddit)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, name), "wb") as file:
            pq.write_table(table, file)
        here.output(subreddit, "x").parent.mkdir(parents=True, exist_ok=True)
    for subreddit in ("good", "bad"):
        here.output(subreddit, "broken.parquet").write_bytes(b"PAR1 and no more")
    pq.write_table(embedded_by_another(), here.output("good", "other.parquet"))
    ended = program.run("--root", root, "--suffix=test", "--cluster_by=subreddit")
    here.code, here.summary, here.errors = ended.code, ended.summary, ended.errors
    return here


def test_the_run_ends_with_code_3_and_names_what_was_left_out(mixed):
    assert mixed.code == 3, mixed.errors
    assert (mixed.summary["files_done"], mixed.summary["files_dead_lettered"]) == (4, 0)
    assert (mixed.summary["files_left_out"], mixed.summary["clustered_rows"]) == (3, 4 * ROWS)
    last = mixed.errors.splitlines()[-1]
    assert last.startswith("clustering left out 3 files: ")
    left = [("good", "broken.parquet"), ("good", "other.parquet"), ("bad", "broken.parquet")]
    for subreddit, name in left:
        assert str(mixed.output(subreddit, name)) in last
    assert not (mixed.clusters("bad") / "labels.parquet").exists()
    for subreddit, count in (("good", 2), ("bad", 1)):
        listed = json.loads((mixed.clusters(subreddit) / "left_out.json").read_text())
        assert len(listed["left_out"]) == count


def test_the_others_are_clustered_and_their_columns_come_together(mixed):
    labels = mixed.clusters("good") / "labels.parquet"
    rows = {row["chain_id"]: row for row in pq.read_table(labels).to_pylist()}
    assert {name.split("-")[0] for name in rows} == {"numbers", "texts", "flags", "latin"}
    assert rows["numbers-1"]["created_utc"] == rows["texts-1"]["created_utc"] == "1"
    assert rows["flags-1"]["created_utc"] == "true" and rows["latin-1"]["created_utc"] is None
    assert len(duckdb.sql(f"select * from '{labels}'").fetchall()) == len(rows)
    assert polars.read_parquet(labels).height == len(rows)
    report = json.loads((mixed.clusters("good") / "clusters.json").read_text())
    assert any("'created_utc'" in warning for warning in report["warnings"])


def test_a_name_that_is_not_utf8_stays_as_it_is(mixed):
    names = os.listdir(os.fsencode(mixed.output("good", "x").parent))
    assert LATIN in names and len(names) == 6


def test_assign_leaves_out_the_same_files(program, mixed):
    command = [program.path, "assign", "--root", mixed.root, "--suffix=test", "--json"]
    command += ["--model", mixed.clusters("good") / "model"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    said = json.loads(done.stdout)
    assert (said["rows"], said["files"], said["files_left_out"]) == (4 * ROWS, 4, 3)
    assert len(said["left_out"]) == 3 and "'created_utc'" in said["warnings"][0]
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("clustering left out 3 files: ")


def test_without_any_file_the_run_fails_in_one_line(program, mixed, tmp_path):
    (tmp_path / "bad.json").write_text('["bad"]')
    command = [program.path, "assign", "--root", mixed.root, "--suffix=test"]
    command += ["--subreddits", tmp_path / "bad.json", "--model", mixed.clusters("good") / "model"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and "no file can take part" in done.stderr
