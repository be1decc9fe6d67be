"""Read files with other readers than the pipeline's: pyarrow, DuckDB and polars."""

import uuid
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

ADDED = ("n_tokens", "truncated", "embedding")  # what an output has beside the kept columns
NEAR = 1e-3  # the most by which a component of two vectors of one text may differ


def by_pyarrow(path: Path) -> pa.Table:
    """Return a file's kept columns as pyarrow reads them."""
    file = pq.ParquetFile(path)
    return file.read([n for n in file.schema_arrow.names if n not in (*ADDED, "text")])


def by_duckdb(path: Path) -> pa.Table:
    """Return an output's kept columns as DuckDB reads them."""
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.sql("SET TimeZone = 'UTC'")
        query = f"SELECT * EXCLUDE ({', '.join(ADDED)}) FROM read_parquet(?)"
        return connection.sql(query, params=[str(path)]).to_arrow_table()


def by_polars(path: Path) -> pa.Table:
    """Return an output's kept columns as polars reads them."""
    return pl.read_parquet(path).drop(ADDED).to_arrow()


READERS: dict[str, Callable[[Path], pa.Table]] = {
    "pyarrow": by_pyarrow,
    "DuckDB": by_duckdb,
    "polars": by_polars,
}


def try_to_read(reader: str, path: Path) -> pa.Table | str:
    """Return a file as a reader reads it, or why it cannot read it. Polars may panic."""
    try:
        return READERS[reader](path)
    except (Exception, pl.exceptions.PanicException) as error:
        return f"{path.name}: {reader} cannot read it: {str(error).splitlines()[0]}"


def comparable(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array:
    """Return a column as an array of a type, floating-point numbers as their bits."""
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([c.storage for c in column.chunks], column.type.storage_type)
    if isinstance(kind, pa.UuidType) and pa.types.is_string(column.type):
        column = pa.chunked_array(
            [pa.array([v and uuid.UUID(v).bytes for v in column.to_pylist()])]
        )
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    if pa.types.is_timestamp(kind) and column.type != kind:
        # DuckDB has no nanoseconds with a time zone, and polars no seconds.
        column = column.cast(pa.timestamp(kind.unit, kind.tz), safe=False)
    if pa.types.is_null(kind) and column.null_count == len(column):
        return pa.nulls(len(column))
    array = column.cast(kind).combine_chunks()
    if pa.types.is_floating(kind):
        array = array.view({16: pa.int16(), 32: pa.int32(), 64: pa.int64()}[kind.bit_width])
    return array


def differs(want: pa.ChunkedArray, got: pa.ChunkedArray) -> str | None:
    """Return where two columns differ in their values."""
    if pa.types.is_timestamp(want.type) and want.type.unit == "ns" and got.type != want.type:
        want = want.cast(pa.timestamp("us", want.type.tz), safe=False)
    try:
        a, b = comparable(want, want.type), comparable(got, want.type)
    except pa.ArrowInvalid as error:
        return f"{got.type} in place of {want.type}: {error}"
    if a.equals(b):
        return None
    pairs = zip(a.to_pylist(), b.to_pylist(), strict=False)
    first = next(((i, x, y) for i, (x, y) in enumerate(pairs) if x != y), "in their lengths")
    return f"other values, first {first}"


def vectors(path: Path) -> np.ndarray:
    """Return the vectors of an output."""
    with path.open("rb") as file:  # pyarrow opens no path that is not UTF-8
        column = pq.ParquetFile(file).read()["embedding"].combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


def texts(path: Path) -> list[str]:
    """Return the texts of an input; one that is missing counts as empty."""
    return [t or "" for t in pq.read_table(path, columns=["text"])["text"].to_pylist()]


def other_vectors(known: dict[str, np.ndarray], texts: list[str], got: np.ndarray) -> list[int]:
    """Return the rows whose vector is not that of their text."""
    want = np.array([known[t] for t in texts])
    return np.flatnonzero(np.abs(want - got).max(axis=1) > NEAR).tolist()


def shape(path: Path) -> list[tuple]:
    """Return each column's name, type, repetition, encodings and codec."""
    with path.open("rb") as opened:
        file = pq.ParquetFile(opened)
    group, columns = file.metadata.row_group(0), []
    for i in range(file.metadata.num_columns):
        column, chunk = file.schema.column(i), group.column(i)
        # It says nothing about other types, and some writers leave it out.
        length = column.length if column.physical_type == "FIXED_LEN_BYTE_ARRAY" else 0
        columns.append(
            (column.path, column.physical_type, length, str(column.logical_type),
             column.max_definition_level, column.max_repetition_level,
             sorted(set(chunk.encodings) - {"RLE"}), chunk.compression)
        )  # fmt: skip
    return columns
