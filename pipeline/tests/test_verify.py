"""What `pipeline verify` finds in outputs that somebody has changed."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

FILES = 12
ROWS = 300


def flags(root: Path, *more: object) -> list[str]:
    return ["--root", str(root), "--suffix=sample", "--cluster=false", *map(str, more)]


@pytest.fixture
def verify(program):
    """Return verify(root, flag, …): the exit code and what `verify --json` prints."""

    return lambda root, *more: program.verify(*flags(root, *more))


@pytest.fixture(scope="module")
def embedded(tmp_path_factory, copy_sample, program) -> Path:
    """Run the sample once."""
    root = copy_sample(tmp_path_factory.mktemp("embedded"))
    assert program.run(*flags(root)).code == 0
    return root


@pytest.fixture
def root(tmp_path, embedded) -> Path:
    """Return a copy of it, with the times of its files."""
    return shutil.copytree(embedded, tmp_path / "root")


def with_vectors(table: pa.Table, vectors: np.ndarray) -> pa.Table:
    at = table.column_names.index("embedding")
    return table.set_column(at, table.field(at), pa.array(list(vectors), table.field(at).type))


def spoil(table: pa.Table, how: str) -> pa.Table:
    """Return a table with one row wrong."""
    vectors = np.array(table["embedding"].to_pylist(), np.float32)
    if how == "not a number":
        vectors[3, 5] = np.nan
    elif how == "longer":
        vectors[3] *= 2
    elif how == "swapped":
        vectors = np.roll(vectors, 1, axis=0)  # of every row, because any may be in the sample
    elif how == "another key":
        at = table.column_names.index("chain_id")
        ids = table["chain_id"].to_pylist()
        return table.set_column(at, table.field(at), pa.array(["other", *ids[1:]]))
    elif how == "fewer rows":
        return table.slice(1)
    elif how == "another dimension":
        vectors = vectors[:, :-1]
    return with_vectors(table, vectors)


def test_what_a_run_made_is_right(verify, root):
    code, verdict = verify(root)
    assert (code, verdict["wrong"], verdict["problems"]) == (0, 0, [])
    assert (verdict["files"], verdict["rows"], verdict["missing"]) == (FILES, ROWS, 0)
    assert verdict["rows_embedded_again"] == FILES
    assert verdict["least_cosine"] > 0.999999


def test_each_wrong_output_is_found_with_its_reason(verify, root, made):
    reasons = {
        "not a number": "row 3: the vector holds something that is not a number",
        "longer": "row 3: the vector's length is 2, not 1",
        "swapped": "now",  # the vector, or the number of tokens: the sample finds it
        "another key": 'row 0: the column "chain_id" is not the input\'s',
        "fewer rows": "rows instead of",
        "another dimension": "the vector does not have 384 floats",
        "no fingerprint": "it has no fingerprint",
        "cut": "checking the output",
        "page": "",  # a flipped byte in a data page
        "gone": "",
    }
    outputs = sorted((root / "embeddings" / "sample").glob("*/*.parquet"))
    spoiled = dict(zip(reasons, outputs, strict=False))
    for how, path in spoiled.items():
        table = pq.read_table(path)
        if how == "cut":
            path.write_bytes(path.read_bytes()[:-20])
        elif how == "gone":
            path.unlink()
        elif how == "page":
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 0xFF
            path.write_bytes(content)
        elif how == "no fingerprint":
            pq.write_table(table.replace_schema_metadata(None), path)
        else:
            pq.write_table(made.without_hashes(spoil(table, how)), path)
    code, verdict = verify(root)
    found = {problem["output"]: problem["reason"] for problem in verdict["problems"]}
    assert code == 3
    assert verdict["missing"] == 1
    assert set(found) == {str(path) for how, path in spoiled.items() if how != "gone"}
    assert verdict["wrong"] == len(found)
    for how, path in spoiled.items():
        if how != "gone":
            assert reasons[how] in found[str(path)], how


def test_a_changed_input_and_another_precision_are_told(verify, root):
    source = next((root / "chains" / "sample").glob("*/*.parquet"))
    table = pq.read_table(source)
    pq.write_table(table.slice(0, 5), source)
    code, verdict = verify(root)
    assert (code, verdict["wrong"]) == (3, 1)
    assert "the input has" in verdict["problems"][0]["reason"]
    code, verdict = verify(root, "--prompt=query: ")
    assert (code, verdict["wrong"]) == (3, FILES)


def test_progress_is_logged_and_is_not_in_the_result(program, root):
    done = subprocess.run(
        [program.path, "verify", *flags(root, "--json", "--progress=log")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout)["files"] == FILES
    # A check of more than half a minute, on a busy machine, logs lines.
    assert all("msg=verifying files=" in line for line in done.stderr.splitlines())
    bars = subprocess.run(
        [program.path, "verify", *flags(root, "--progress=bar")], capture_output=True, text=True
    )
    assert bars.returncode == 2
    assert "--progress=log" in bars.stderr


def test_an_output_without_an_input_is_looked_at_alone(verify, root, program):
    next((root / "chains" / "sample").glob("*/*.parquet")).unlink()
    code, verdict = verify(root)
    assert (code, verdict["without_input"], verdict["wrong"]) == (0, 1, 0)
    text = subprocess.run(
        [program.path, "verify", *flags(root)], capture_output=True, text=True, check=True
    ).stdout
    assert "1 have no input any more" in text
    assert text.splitlines()[-1] == "wrong     0"
