"""Read the embeddings and chains files: vectors, key columns and texts, each by column.

Everything is read in the order of `open_sources`, sorted by path, so that the results do not depend
on the order in which Beam delivers the files. Errors are one line and name the file.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

EMBEDDING = "embedding"
# What the embedding step adds; all other columns were kept from the chains file.
ADDED = ("n_tokens", "truncated", "n_chunks", EMBEDDING)
FINGERPRINT = b"threadloom.fingerprint"

# Rows in memory at a time: 1,536 bytes each as a vector; as a text perhaps 100,000 characters.
_VECTOR_ROWS = 8192
_TEXT_ROWS = 512


@dataclass(frozen=True, order=True)
class Source:
    """One pair of files: row i of `embeddings` is row i of `chains`."""

    subreddit: str = field(compare=False)
    chains: str = field(compare=False)
    embeddings: str

    @classmethod
    def from_json(cls, text: str | bytes) -> "Source":
        """Read the Go pipeline's job: an object with `subreddit`, `input` and `output`."""
        return cls.from_job(json.loads(text))

    @classmethod
    def from_job(cls, job: dict) -> "Source":
        """Read such an object; ValueError for one that lacks something."""
        try:
            return cls(job["subreddit"], job["input"], job["output"])
        except (KeyError, TypeError) as error:
            raise ValueError(f"a job without {error}: {json.dumps(job)}") from None


@dataclass(frozen=True)
class Opened:
    """A source whose footers have been read: its row count, schema and model."""

    source: Source
    rows: int
    schema: pa.Schema
    model: dict

    @property
    def key_columns(self) -> list[str]:
        """The scalar columns that the embeddings file kept from the chains file."""
        return [
            f.name for f in self.schema if f.name not in ADDED and not pa.types.is_nested(f.type)
        ]


def open_sources(sources: Iterable[Source], text_column: str) -> list[Opened]:
    """Read the footers and return the sources by path of the embeddings, each once.

    Raises FileNotFoundError for a missing file, and ValueError for one that is no Parquet file,
    lacks a column, or whose pair has another number of rows.
    """
    opened = []
    for source in sorted({os.path.abspath(s.embeddings): s for s in sources}.values()):
        with _open(source.embeddings) as file, _open(source.chains) as chains:
            rows, schema = file.metadata.num_rows, file.schema_arrow
            if EMBEDDING not in schema.names:
                raise ValueError(f"{source.embeddings}: no column {EMBEDDING!r}")
            if text_column not in chains.schema_arrow.names:
                raise ValueError(f"{source.chains}: no column {text_column!r} for the text")
            if rows != chains.metadata.num_rows:
                raise ValueError(
                    f"{source.embeddings}: {rows} rows, but {chains.metadata.num_rows} in "
                    f"{source.chains}: embed that file again"
                )
            metadata = file.metadata.metadata or {}
        model = _model(source.embeddings, metadata.get(FINGERPRINT))
        opened.append(Opened(source, rows, schema, model))
    return opened


def models(files: list[Opened]) -> list[dict]:
    """Return the models that made the vectors, each with its number of `files`, most first.

    More than one means that distances between their vectors may mean nothing.
    """
    seen = Counter(json.dumps(f.model, sort_keys=True) for f in files)
    order = sorted(seen.items(), key=lambda item: (-item[1], item[0]))
    return [{**json.loads(model), "files": count} for model, count in order]


def read_vectors(files: list[Opened]) -> np.ndarray:
    """Return the embeddings of all files, float32[rows, dimension], in one array.

    The peak is that array and one batch. Raises ValueError for a list of another length, a missing
    vector, or a value that is not finite, with file and row.
    """
    total = sum(f.rows for f in files)
    vectors = np.empty((0, 0), np.float32)
    done = 0
    for file in files:
        path, start = file.source.embeddings, done
        for lists in _batches(path, EMBEDDING, _VECTOR_ROWS):
            block = _matrix(lists, path, done - start)
            if not done:
                vectors = np.empty((total, block.shape[1]), np.float32)
            if block.shape[1] != vectors.shape[1]:
                raise ValueError(
                    f"{path}: vectors of {block.shape[1]} dimensions, "
                    f"but {vectors.shape[1]} in the files before it"
                )
            vectors[done : done + len(block)] = block
            done += len(block)
    return vectors


def read_keys(files: list[Opened]) -> pa.Table:
    """Return the key columns of all files, in row order.

    A column that only some files have is null in the others. Raises ValueError when a column's
    types do not go together.
    """
    tables = []
    for file in files:
        with _open(file.source.embeddings) as parquet:
            table = parquet.read(columns=file.key_columns).replace_schema_metadata()
        if not file.key_columns:
            # A table without columns forgets its rows, and the other files' columns need them.
            table = pa.table({"": pa.nulls(file.rows)})
        tables.append(table)
    if not tables:
        return pa.table({})
    for index, table in enumerate(tables):
        try:
            pa.unify_schemas([tables[0].schema, table.schema], promote_options="permissive")
        except pa.ArrowException as error:
            path, first = files[index].source.embeddings, files[0].source.embeddings
            raise ValueError(
                f"{path}: columns do not fit those of {first}: {_line(error)}"
            ) from None
    keys = pa.concat_tables(tables, promote_options="permissive")
    return keys.drop_columns([""]) if "" in keys.column_names else keys


def read_texts(files: list[Opened], text_column: str) -> Iterator[str]:
    """Yield the texts of all rows in order, a batch in memory at a time; "" for a null."""
    for file in files:
        for texts in _batches(file.source.chains, text_column, _TEXT_ROWS):
            yield from (text or "" for text in texts.cast(pa.large_string()).to_pylist())


def _open(path: str) -> pq.ParquetFile:
    """Open a Parquet file, with an error that names it."""
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        raise FileNotFoundError(f"{path}: no such file") from None
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path}: not a readable Parquet file: {_line(error)}") from None


def _line(error: Exception) -> str:
    """Return a library's message as one line."""
    return " ".join(str(error).split())


def _batches(path: str, column: str, rows: int) -> Iterator[pa.Array]:
    """Yield one column of a file, at most `rows` values at a time."""
    with _open(path) as parquet:
        try:
            for batch in parquet.iter_batches(batch_size=rows, columns=[column]):
                if len(batch):
                    yield batch.column(0)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path}: column {column!r} cannot be read: {_line(error)}") from None


def _model(path: str, value: bytes | None) -> dict:
    """Return what a footer's fingerprint says about the model."""
    try:
        facts = json.loads(value or b"{}")
        model = {k: facts.get(k) for k in ("model", "model_sha256", "precision", "dimension")}
        # The weights are the same whatever made a graph of them, and on whatever machine.
        return model | {"model_sha256": facts.get("weights_sha256") or model["model_sha256"]}
    except (ValueError, AttributeError):
        raise ValueError(f"{path}: its fingerprint in the footer is not a JSON object") from None


def _matrix(lists: pa.Array, path: str, first_row: int) -> np.ndarray:
    """Return a list array of n vectors as float32[n, d]; `first_row` is for the errors."""
    if lists.null_count:
        row = first_row + pc.index(lists.is_null(), True).as_py()
        raise ValueError(f"{path}: row {row} has no vector")
    lengths = pc.list_value_length(lists).to_numpy(zero_copy_only=False)
    if (lengths != lengths[0]).any():
        row = int(np.flatnonzero(lengths != lengths[0])[0])
        raise ValueError(
            f"{path}: row {first_row + row} has {lengths[row]} dimensions, others {lengths[0]}"
        )
    if not lengths[0]:
        raise ValueError(f"{path}: row {first_row} has no vector")
    values = lists.flatten().to_numpy(zero_copy_only=False)
    matrix = values.astype(np.float32, copy=False).reshape(len(lists), lengths[0])
    finite = np.isfinite(matrix).all(axis=1)
    if not finite.all():
        row = first_row + int(np.flatnonzero(~finite)[0])
        raise ValueError(f"{path}: row {row} of the vectors has a value that is not finite")
    return matrix
