"""New chains go into the clusters of an earlier run, and others are refused."""

import json
import shutil
import subprocess
from pathlib import Path

import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="module")
def found(program, copy_sample, tmp_path_factory) -> Path:
    """Cluster the sample, and leave a second suffix "next" with some of its files; its root."""
    root = copy_sample(tmp_path_factory.mktemp("assign"))
    ended = program.run("--root", root, "--suffix=sample")
    assert ended.code == 0, ended.errors
    for kind in ("chains", "embeddings"):
        for name in ("nightsky", "sourdough"):
            shutil.copytree(root / kind / "sample" / name, root / kind / "next" / name)
    return root


def assign(program, root: Path, *flags: object) -> subprocess.CompletedProcess:
    command = [program.path, "assign", "--root", root, "--suffix=next", *flags]
    return subprocess.run([str(c) for c in command], capture_output=True, text=True)


def test_the_same_chains_go_where_they_were(program, found):
    done = assign(program, found, "--model", found / "clusters" / "sample" / "model", "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["rows"], said["files"]) == (100, 4)
    assert said["drift"] == pytest.approx(said["noise_share"] - said["fitted_noise_share"])
    labels = pq.read_table(found / "clusters" / "sample" / "labels.parquet").to_pylist()
    before = {row["chain_id"]: row["label"] for row in labels if row["label"] >= 0}
    after = pq.read_table(found / "clusters" / "next" / "assigned.parquet").to_pylist()
    same = [row["label"] == before[row["chain_id"]] for row in after if row["chain_id"] in before]
    assert len(same) > 80 and sum(same) / len(same) > 0.95
    names = [c["name"] for c in json.loads(
        (found / "clusters" / "sample" / "clusters.json").read_text())["clusters"]]  # fmt: skip
    assert [c["name"] for c in said["clusters"]] == names
    readable = assign(program, found, "--model", found / "clusters" / "sample" / "model")
    assert readable.stdout.startswith("assigned  100 rows of 4 files")


@pytest.mark.parametrize(
    ("flags", "code", "says"),
    [
        ((), 2, "--model is missing"),
        (("--model=/nowhere",), 1, "no model of clusters"),
        (("--model=/nowhere", "--suffix=none"), 2, "nothing is embedded"),
        (("--model=/nowhere", "--sufix=x"), 2, "--help"),
        (("--model=/nowhere", "--python=/nowhere"), 2, "make setup"),
    ],
)
def test_what_cannot_be_is_one_line(program, found, flags, code, says):
    done = assign(program, found, *flags)
    assert done.returncode == code
    assert done.stderr.startswith("error: ") and len(done.stderr.splitlines()) == 1
    assert says in done.stderr


def test_vectors_of_another_precision_are_left_out(program, found, tmp_path):
    shutil.copytree(found, tmp_path / "root")
    output = next((tmp_path / "root" / "embeddings" / "next").glob("*/*.parquet"))
    table = pq.read_table(output)
    key = b"threadloom.fingerprint"
    mark = json.loads(table.schema.metadata[key]) | {"precision": "bf16"}
    pq.write_table(table.replace_schema_metadata({key: json.dumps(mark)}), output)
    model = found / "clusters" / "sample" / "model"
    done = assign(program, tmp_path / "root", "--model", model)
    assert done.returncode == 3
    assert done.stdout.startswith("assigned  75 rows of 3 files")
    assert len(done.stderr.splitlines()) == 1
    assert str(output) in done.stderr and "cluster again" in done.stderr
