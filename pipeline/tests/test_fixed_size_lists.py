"""--fixed_size_lists changes the type as which Arrow's readers read vectors, and nothing else."""

import json
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threadloom.cluster.files.key_columns import read_keys
from threadloom.cluster.files.left_out import Findings
from threadloom.cluster.files.sources import Source, open_sources
from threadloom.cluster.files.vectors import read_vectors
from threadloom.worker.tests import golden_columns

FILES, ROWS, DIMENSION = 4, 100, 384
LIST, FIXED = pa.list_(pa.float32()), pa.list_(pa.float32(), DIMENSION)


@pytest.fixture(scope="module")
def both(program, new_root, tmp_path_factory) -> dict[str, Path]:
    """Embed files that have all kinds of columns, without the option and with it."""
    root = new_root(tmp_path_factory.mktemp("columns"))
    # DuckDB refuses a file that has BSON, and polars one that has GEOMETRY.
    rows = [r for r in golden_columns.ROWS if r["output"]["type"] not in ("BSON", "GEOMETRY")]
    for repetition in ("OPTIONAL", "REQUIRED"):
        data, _ = golden_columns.input_of_all(repetition, rows)
        (root.chains / f"{repetition}.parquet").write_bytes(data)
    folders = {}
    for name, flags in {"lists": (), "fixed": ("--fixed_size_lists",)}.items():
        ended = program.run(*root.flags, "--embeddings_dir", root.path / name, *flags)
        assert ended.code == 0, ended.errors
        folders[name] = root.path / name / "test" / "all"
    return folders


@pytest.mark.parametrize("repetition", ["OPTIONAL", "REQUIRED"])
def test_other_columns_are_read_as_without_it(both, repetition):
    lists, fixed = (both[name] / f"{repetition}.parquet" for name in ("lists", "fixed"))
    a, b = pq.ParquetFile(lists), pq.ParquetFile(fixed)
    assert b.schema.equals(a.schema)
    vectors = a.schema_arrow.field("embedding")
    assert vectors.type == LIST and not vectors.nullable
    place = a.schema_arrow.get_field_index("embedding")
    want = a.schema_arrow.set(place, vectors.with_type(FIXED))
    assert b.schema_arrow.equals(want, check_metadata=False)
    assert b.schema_arrow.metadata == a.schema_arrow.metadata
    for name in a.schema_arrow.names:
        assert b.read([name])[name].to_pylist() == a.read([name])[name].to_pylist(), name
    x, y = (duckdb.sql(f"select * from read_parquet('{file}')") for file in (lists, fixed))
    assert y.types == x.types and y.fetchall() == x.fetchall()
    for field in a.schema_arrow:
        if not pa.types.is_decimal256(field.type):  # which polars does not know
            x, y = (pl.read_parquet(f, columns=[field.name])[field.name] for f in (lists, fixed))
            assert y.cast(x.dtype).equals(x, null_equal=True), field.name
    vectors = pl.read_parquet(fixed, columns=["embedding"])["embedding"]
    assert vectors.dtype == pl.Array(pl.Float32, DIMENSION)


@pytest.fixture(scope="module")
def mixed(program, copy_sample, tmp_path_factory) -> Path:
    """Embed a subreddit of the sample without the option, then another one with it."""
    root = copy_sample(tmp_path_factory.mktemp("mixed"))
    flags = ("--root", root, "--suffix=sample", "--cluster=false")
    for names, option in ((["nightsky"], ()), (["nightsky", "sourdough"], ("--fixed_size_lists",))):
        (root / "subreddits_list.json").write_text(json.dumps(names))
        ended = program.run(*flags, *option, "--check=fingerprint")
        assert ended.code == 0, ended.errors
        assert ended.summary["files_done"] == FILES // 2
    return root


def outputs(root: Path) -> list[Path]:
    return sorted((root / "embeddings" / "sample").glob("*/*.parquet"))


def ask(program, root: Path, command: str, *flags: object) -> dict:
    """Run another command; return what it prints."""
    line = [program.path, command, "--root", root, "--suffix=sample", "--json", *flags]
    done = subprocess.run(list(map(str, line)), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_an_output_of_the_other_kind_is_done(program, mixed):
    kinds = {f.parent.name: pq.read_schema(f).field("embedding").type for f in outputs(mixed)}
    assert kinds == {"nightsky": LIST, "sourdough": FIXED}
    for flags in ((), ("--fixed_size_lists",)):
        counts = ask(program, mixed, "plan", "--check=fingerprint", *flags)["total"]
        assert (counts["done"], counts["stale"], counts["missing"]) == (FILES, 0, 0)


def test_verify_finds_no_fault_in_either(program, mixed):
    code, verdict = program.verify("--root", mixed, "--suffix=sample")
    assert (code, verdict["rows"], verdict["problems"]) == (0, ROWS, [])


def test_the_clustering_reads_both(mixed, neighbour):
    findings = Findings()
    chains = mixed / "chains" / "sample"
    sources = [
        Source(f.parent.name, str(chains / f.parent.name / f.name), str(f)) for f in outputs(mixed)
    ]
    files, vectors = read_vectors(open_sources(sources, "text", findings), findings)
    assert len(files) == FILES and not findings.lines()
    want = [neighbour("judges").vectors(file) for file in outputs(mixed)]
    assert np.array_equal(vectors, np.concatenate(want))
    assert len(read_keys(files, findings)["chain_id"]) == ROWS and not findings.lines()


def test_a_search_finds_rows_of_both(program, mixed):
    (answer,) = ask(program, mixed, "search", "--like=nightsky/0001", f"--k={ROWS}")["answers"]
    hits = {hit["chain_id"]: hit["score"] for hit in answer["hits"]}
    tables = [pl.read_parquet(f, columns=["chain_id", "embedding"]) for f in outputs(mixed)]
    vectors = {}
    for table in tables:
        matrix = table["embedding"].cast(pl.Array(pl.Float32, DIMENSION)).to_numpy()
        vectors |= dict(zip(table["chain_id"], matrix, strict=True))
    asked = vectors.pop("nightsky/0001")
    assert hits == pytest.approx({name: v @ asked for name, v in vectors.items()}, abs=2e-5)
