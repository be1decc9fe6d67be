"""Outputs have the values of inputs that real programs write, and other readers read them."""

import datetime
import decimal
import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

N = 40
TEXTS = [["the dog went home", "nobody was there", "", None][i % 4] for i in range(N)]
BASE = {"id": pa.array([f"t1_{i:x}" for i in range(N)]), "text": pa.array(TEXTS)}
DAY = datetime.datetime(2024, 1, 1)
COLUMNS = {
    "int32": pa.array(range(N), pa.int32()),
    "int64": pa.array([None if i % 3 else 2**40 + i for i in range(N)]),
    "uint64": pa.array([2**63 + i for i in range(N)], pa.uint64()),
    "int8": pa.array(range(N), pa.int8()),
    "float16": pa.array([i / 2 for i in range(N)], pa.float32()).cast(pa.float16()),
    "float32": pa.array([i / 3 for i in range(N)], pa.float32()),
    "float64": pa.array([i / 3 for i in range(N)]),
    "bool": pa.array([None if i % 5 == 0 else i % 2 == 0 for i in range(N)]),
    "date": pa.array([DAY.date()] * N),
    "local": pa.array([DAY] * N, pa.timestamp("us")),
    "utc": pa.array(range(N), pa.timestamp("ns", "UTC")),
    "time": pa.array([datetime.time(1, 2, 3)] * N, pa.time64("us")),
    "decimal": pa.array([decimal.Decimal(i).scaleb(-2) for i in range(N)], pa.decimal128(9, 2)),
    "fixed": pa.array([b"abcdefgh"] * N, pa.binary(8)),
    "null": pa.nulls(N),
}


def parquet(columns: dict, **options) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file, **options)
    return file.getvalue()


def by_duckdb(query: str, options: str = "") -> Callable[[Path], bytes]:
    def write(path: Path) -> bytes:
        duckdb.sql(f"copy ({query}) to '{path}' (format parquet{options})")
        return path.read_bytes()

    return write


def by_polars(**options) -> bytes:
    file = io.BytesIO()
    frame = polars.DataFrame({"text": TEXTS, "k": range(N), "c": ["a", "b"] * (N // 2)})
    frame.with_columns(polars.col("c").cast(polars.Categorical)).write_parquet(file, **options)
    return file.getvalue()


FILES = {
    "all types, plain": lambda _: parquet(BASE | COLUMNS, use_dictionary=False),
    "all types, dictionaries": lambda _: parquet(BASE | COLUMNS),
    "all types, version 2 of pages": lambda _: parquet(BASE | COLUMNS, data_page_version="2.0"),
    "small row groups": lambda _: parquet(BASE | COLUMNS, row_group_size=7),
    "no rows": lambda _: parquet({k: v[:0] for k, v in (BASE | COLUMNS).items()}),
    "no kept columns": lambda _: parquet({"text": BASE["text"]}),
    "DuckDB": by_duckdb("select 'text ' || i as text, i as k, null as n from range(30) t(i)"),
    "DuckDB, version 2": by_duckdb(
        "select case when i % 3 = 0 then null else 'text ' || i end as text, "
        "(i % 100)::utinyint as k, ['golang', 'rust'][1 + i % 2] as d, uuid() as u, "
        "interval 1 day as v, now() as z from range(300) t(i)", ", parquet_version v2",
    ),
    "polars": lambda _: by_polars(),
    "polars, no statistics": lambda _: by_polars(statistics=False, compression="lz4"),
}  # fmt: skip
for codec in ("none", "snappy", "gzip", "brotli", "zstd", "lz4"):
    for version in ("1.0", "2.0"):
        options = {"compression": codec, "data_page_version": version}
        FILES[f"{codec}, {version}"] = lambda _, o=options: parquet(
            BASE | {"k": COLUMNS["int64"]}, **o
        )
for encoding, names in {
    "DELTA_BINARY_PACKED": ("int32", "int64"),
    "BYTE_STREAM_SPLIT": ("int32", "float16", "float32", "float64", "fixed"),
    "RLE": ("bool",),
    "DELTA_BYTE_ARRAY": ("text", "id", "fixed"),
    "DELTA_LENGTH_BYTE_ARRAY": ("text", "id"),
}.items():
    options = {"use_dictionary": False, "column_encoding": dict.fromkeys(names, encoding)}
    columns = {k: v for k, v in COLUMNS.items() if k in names}
    FILES[encoding] = lambda _, c=columns, o=options: parquet(BASE | c, **o)


def plain(column: pa.ChunkedArray) -> list:
    """Return a column's values, whatever Arrow says of their type."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.int64())
    return column.to_pylist()


@pytest.mark.parametrize("name", FILES)
def test_outputs_have_the_inputs_values(name, write, tmp_path, vectors):
    data = FILES[name](tmp_path / "input.parquet")
    source, made = pq.read_table(io.BytesIO(data)), pq.read_table(io.BytesIO(write(data)))
    kept = [c for c in source.column_names if c != "text"]
    assert made.column_names == [*kept, "n_tokens", "truncated", "embedding"]
    for column in kept:
        assert plain(made[column]) == plain(source[column]), column
    got = np.array(made["embedding"].to_pylist(), np.float32)
    want = vectors(plain(source["text"]))
    assert len(got) == len(want) and (len(got) == 0 or np.abs(got - want).max() < 1e-5)
    out = tmp_path / "out" / "in.parquet"
    assert len(polars.read_parquet(out)) == len(want)
    (found,) = duckdb.sql(f"select any_value(columns(*)) from read_parquet('{out}')").fetchall()
    assert len(found) == len(made.column_names)


@pytest.fixture
def vectors(encoder):
    """Return the vectors of texts that went through no file."""

    def embed(texts: list) -> np.ndarray:
        return encoder.embed(encoder.tokenise([(text or "").encode() for text in texts]))

    return embed


def test_the_fingerprint_binds_texts_and_vectors(write, vectors):
    long = "a " * (1 << 20)  # only the first 1 MiB + 4 bytes count
    texts = ["é", None, "", long]
    data = write(parquet({"text": texts}))
    made = pq.read_table(io.BytesIO(data))
    file = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(0)
    # Spark 3 and fastparquet read no other encoding of lists.
    assert set(file.column(file.num_columns - 1).encodings) == {"PLAIN", "RLE"}
    fingerprint = json.loads(made.schema.metadata[b"threadloom.fingerprint"])
    assert list(fingerprint)[-2:] == ["texts_sha256", "vectors_sha256"]
    counted = [(text or "").encode()[: (1 << 20) + 4] for text in texts]
    all_texts = b"".join(len(t).to_bytes(4, "little") + t for t in counted)
    assert fingerprint["texts_sha256"] == hashlib.sha256(all_texts).hexdigest()
    floats = np.array(made["embedding"].to_pylist(), "<f4")
    assert fingerprint["vectors_sha256"] == hashlib.sha256(floats.tobytes()).hexdigest()
